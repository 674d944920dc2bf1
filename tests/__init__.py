"""Tests of maskwatch, in its folders, and of the training kit in those of ``maskwatch_train``."""
