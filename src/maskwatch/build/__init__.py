"""From names and settings to running objects: the one place that knows the concrete classes."""
