"""The rows that figures are folded into."""
