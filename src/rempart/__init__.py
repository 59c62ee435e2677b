"""Rempart: stop known abuse images, with people deciding and every step provable."""

__version__ = "0.1.0.dev0"
