"""Notices: somebody tells us where a picture is, and learns what became of it."""
