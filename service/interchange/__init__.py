"""Other tools' files in, kojudge's results out."""
