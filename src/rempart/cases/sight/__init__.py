"""Looking at what is in a case: granted step by step, for a time, and written down."""
