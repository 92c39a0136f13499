"""Scores: models fitted on statistics, and how they read one state."""
