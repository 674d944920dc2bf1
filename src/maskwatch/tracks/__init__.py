"""Following people: MaskReading -> Track, with the verdict voted over readings."""
