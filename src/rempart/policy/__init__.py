"""Policy: one readable file of ordered rules, from what a check found to a verdict."""
