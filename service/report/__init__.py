"""A run's scores, as data and as text."""
