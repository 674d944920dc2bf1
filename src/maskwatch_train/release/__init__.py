"""From a trained model to a shipped one: other formats, and the gates before them."""
