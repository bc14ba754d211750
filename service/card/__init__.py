"""The judge card: what a judge is tried with, what came of it, and the page that says so."""
