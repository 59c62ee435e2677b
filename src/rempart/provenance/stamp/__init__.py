"""What a generator's picture is given: labels, a mark in its pixels, and signed credentials."""
