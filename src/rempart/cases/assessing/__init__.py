"""Assessing: what people answer, what follows from their answers together, and how it takes effect."""
