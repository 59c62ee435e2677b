"""Care for those who look: exposure, budgets, breaks, training."""
