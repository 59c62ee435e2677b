"""Figures for transparency reports, derived from the ledger."""
