"""The command line of the training kit: one file per verb."""
