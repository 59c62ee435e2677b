"""Two persons: one asks, another seconds exactly what was asked."""
