"""Pages about where pictures say that they come from."""
