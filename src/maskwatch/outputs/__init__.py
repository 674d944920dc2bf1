"""What is written: rows, episodes, annotated pictures and video, the summary."""
