"""Hash lists: entries with signals, categories and opinions, in one checked file."""
