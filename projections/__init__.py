"""Answers folded from events, and the scores attached to them."""
