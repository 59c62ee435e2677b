"""The generator gate: a reverse proxy in front of an images API."""
