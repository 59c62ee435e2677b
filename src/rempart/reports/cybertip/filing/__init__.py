"""Filing: a durable state machine that ends with one finished report per decision."""
