"""Readers of the data sets, and the manifest that says what a model was trained and tested on."""
