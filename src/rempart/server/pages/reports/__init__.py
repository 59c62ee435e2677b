"""Pages about reports: the outbox, what will be sent, and what is missing."""
