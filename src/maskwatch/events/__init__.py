"""What is worth telling: Track -> Episode."""
