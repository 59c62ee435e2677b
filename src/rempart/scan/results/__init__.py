"""The forms in which a scan's results are written, each from the same records, each with its groups kept apart."""
