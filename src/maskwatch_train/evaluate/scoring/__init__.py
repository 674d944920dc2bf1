"""How well faces were judged and found: figures, slices, intervals, comparisons."""
