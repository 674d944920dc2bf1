"""What the cameras tell is written down, and deleted when its time is over."""
