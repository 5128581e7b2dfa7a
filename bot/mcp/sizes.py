"""How large a message of a server's may be."""

MAX_MESSAGE = 12_000_000
"""Bytes: a picture of 8 MB in base64, and what is around it."""
MAX_PIECES = 300_000
"""Commas, each of which may part two values. Python builds the values of a message at a stretch,
while everything else in the process waits: these take about a tenth of a second."""


class MessageTooLargeError(ValueError):
    def __init__(self) -> None:
        super().__init__("the server's answer is too large; ask for less")


class Measure:
    """Of one message, as its bytes come in."""

    def __init__(self) -> None:
        self.size = 0
        self._pieces = 0

    def add(self, data: bytes) -> bool:
        """Whether the message may still be read."""
        self.size += len(data)
        self._pieces += data.count(b",")
        return self.size <= MAX_MESSAGE and self._pieces <= MAX_PIECES
