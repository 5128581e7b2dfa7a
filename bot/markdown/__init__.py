"""What every platform does with a model's Markdown: pure, and knows none of them."""
