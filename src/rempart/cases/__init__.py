"""Cases: what people look at and decide."""
