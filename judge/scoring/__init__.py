"""Scores from verdicts: pure functions on arrays."""
