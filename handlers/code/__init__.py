"""Code that the service runs."""
