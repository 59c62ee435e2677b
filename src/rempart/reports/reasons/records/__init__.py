"""Tables of statements of reasons."""
