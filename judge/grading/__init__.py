"""The graders: each turns one answered turn into a verdict."""
