"""Who acts: persons and their roles, services and their keys, sessions, and who seconded what."""
