"""What is said to a model that is to answer with JSON."""

JSON_WORD = "Answer with JSON, one object and nothing else."
"""Where nobody said so: the service refuses to make JSON without the word."""

JSON_SCHEMA = "Answer with JSON that fits this JSON Schema, and with nothing else:\n\n{schema}"
"""For a service that does not take the schema itself."""

JSON_REPAIR = (
    "Your answer is not the JSON that was asked for:\n{wrong}\n\nAnswer again with the corrected "
    "JSON, whole and nothing else."
)
