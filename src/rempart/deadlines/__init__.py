"""Regimes as data, and the clocks that follow from them; pure."""
