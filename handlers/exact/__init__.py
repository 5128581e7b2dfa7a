"""Answers of a given form, and answers that can be had again."""
