"""A run over sources with an end, as `maskwatch detect` makes it."""
