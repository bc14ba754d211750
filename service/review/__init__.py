"""People beside the judge: which answers they see, what they say of them, and what that says of the judge."""
