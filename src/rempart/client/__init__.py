"""For services: ask Rempart about an upload, and act on what is decided later."""
