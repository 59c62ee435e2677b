"""Intake from generators: what they made is stamped, and what they were given is checked."""
