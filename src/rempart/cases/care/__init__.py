"""Care for the people who look: what they had to see, their limits, stopping, and practice on drawn pictures."""
