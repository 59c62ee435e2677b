"""The work of a team on cases: queues, claims, moves, and what was noted."""
