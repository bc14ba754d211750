"""Run it: plan, ask, store, resume, report."""
