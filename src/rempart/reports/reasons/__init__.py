"""Statements of reasons (DSA Art. 17), and the entries of the transparency database (Art. 24(5))."""
