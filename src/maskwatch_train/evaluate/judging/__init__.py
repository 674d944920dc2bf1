"""Who judges the faces: models of any kind, and files of predictions."""
