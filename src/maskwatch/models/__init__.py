"""Model folders: card, checksum, inference session; the default weights lie beside."""
