"""Scores: classification, detection, intervals. Arrays in, plain results out; numpy only."""
