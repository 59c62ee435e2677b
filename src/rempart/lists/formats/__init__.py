"""Readers and writers of partners' list formats, independent of each other."""
