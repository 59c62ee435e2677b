"""Pages about orders, requests and disclosures."""
