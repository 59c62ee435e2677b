"""Rows of what was stamped and of what a gate checked."""
