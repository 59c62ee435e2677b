"""Bytes to canonical pixels, pixels to signals, and the probes by which an upload is looked up."""
