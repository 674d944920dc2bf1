"""Scores: classification, detection. Arrays in, plain results out; numpy only."""
