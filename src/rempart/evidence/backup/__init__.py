"""Backups: everything but the keys, at one moment, in one file that tells when it was altered or cut short."""
