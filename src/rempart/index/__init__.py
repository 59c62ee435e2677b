"""Exact lookup over signals: every entry within the radius is returned, always."""
