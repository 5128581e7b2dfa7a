"""What is known beside the question: documents, what was said before, facts about people."""
