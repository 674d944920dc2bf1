"""One file per step. A released step is never edited: the next change is a new file."""
