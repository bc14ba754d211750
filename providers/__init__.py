"""Ask a model one thing, once, and say exactly what happened."""
