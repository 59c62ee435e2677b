"""The transparency database of Article 24(5) DSA: rules, payloads, sending, and a test server of our own."""
