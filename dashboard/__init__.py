"""Look at it: pages over the stored runs."""
