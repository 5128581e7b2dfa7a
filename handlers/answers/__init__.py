"""A question and its answer: what the model is sent, the loop with its tools, what is shown."""
