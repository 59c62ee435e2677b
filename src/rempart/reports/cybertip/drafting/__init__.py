"""From a decision to a report that two people stand behind."""
