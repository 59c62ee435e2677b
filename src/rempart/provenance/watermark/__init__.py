"""A best-effort label in the pixels of generated pictures: found again after ordinary re-posting, and no lock."""

METHOD = "org.rempart.watermark.1"
"""What signed credentials call it where they name the number in a mark (a soft binding)."""
