"""`rempart demo`: generated pictures, a list, re-posts, a scan, and what was found by which probe."""
