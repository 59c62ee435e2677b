"""A best-effort label in the pixels of generated pictures: found again after ordinary re-posting, and no lock."""
