"""Pictures: looked at, made, changed."""
