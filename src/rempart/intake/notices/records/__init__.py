"""The tables of notices; SQL of this room stands here alone."""
