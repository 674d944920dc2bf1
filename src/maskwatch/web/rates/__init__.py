"""Compliance rates: what they are, over which time, and how they are put in words."""
