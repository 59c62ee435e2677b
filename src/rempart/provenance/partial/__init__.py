"""Local binary features: parts of listed pictures found in crops, collages and pasted-in pieces."""
