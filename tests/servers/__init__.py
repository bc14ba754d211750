"""Real local servers for the tests."""
