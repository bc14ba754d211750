"""Runs programs that nobody has read: a process that can compute, read its input and write its output."""
