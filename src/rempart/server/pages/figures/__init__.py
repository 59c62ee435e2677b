"""Statistics, quality and oversight."""
