"""Readers of the usual layouts of labelled pictures; each yields raw pictures as they are told."""
