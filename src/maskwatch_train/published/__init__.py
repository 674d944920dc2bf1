"""The published systems as recipes: their data, networks, training and results."""
