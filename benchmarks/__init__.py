"""Measurements of maskwatch beside what one could use instead; see docs/performance.md."""
