"""Speech: heard, written down, translated, spoken."""
