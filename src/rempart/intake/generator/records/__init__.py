"""The rows of what was generated."""
