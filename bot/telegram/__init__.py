"""Telegram: updates in, replies out. The only importer of telegram."""

import os

# The library's only switch for its future behaviour: spans of time as timedelta. Without it each
# flood-control answer raises a deprecation warning inside the library.
os.environ.setdefault("PTB_TIMEDELTA", "true")
