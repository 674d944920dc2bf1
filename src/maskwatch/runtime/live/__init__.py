"""Live sources: decoded in a process that can be killed, connected to again when they fail."""
