"""Shares of people who wear their masks well, and how sure a share is. Standard library only."""
