"""Tries everything that the service needs, and says of each whether it works and what to do.

Nothing is changed and nobody is alerted; it may run while the service runs. What is written to see
whether it can be is taken back.
"""
