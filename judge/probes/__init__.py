"""What a judge is tried with: answers that try to write their own score."""
