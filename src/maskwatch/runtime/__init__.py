"""Processes and clocks: live sources decoded in a process that can be killed."""
