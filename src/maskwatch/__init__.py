"""Face-mask compliance: finds faces and says how each mask is worn."""

__version__ = "0.1.0"
