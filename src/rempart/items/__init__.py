"""What services asked about, the signals kept of it, and looking back."""
