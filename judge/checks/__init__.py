"""Checks that need no model: the same answer always gets the same result."""
