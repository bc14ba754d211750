"""Questions: what users write, read back or refused in one line."""
