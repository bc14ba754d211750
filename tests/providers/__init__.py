"""Tests of the model adapters, against a real local server."""
