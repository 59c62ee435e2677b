"""`rempart gate scan`."""
