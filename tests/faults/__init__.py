"""A whole service under faults: real server processes, the load on them, and what was promised to whom."""
