"""Scan folders, files and archives against hash lists."""
