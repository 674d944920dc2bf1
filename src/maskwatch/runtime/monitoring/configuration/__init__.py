"""Which cameras there are to be, and by what settings, also after a change of them."""
