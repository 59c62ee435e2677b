"""From matches to a verdict, by rules in one readable file."""
