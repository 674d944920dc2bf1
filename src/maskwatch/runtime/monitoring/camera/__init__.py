"""One camera: its pictures, where the models look in them, and what is told of them."""
