"""Referral packages: sealed files for authorities, and who may receive what."""
