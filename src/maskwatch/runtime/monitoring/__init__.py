"""The running service: cameras watched day and night with one set of models."""
