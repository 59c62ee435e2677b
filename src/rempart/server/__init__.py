"""The server: check API, pages, and the work behind them."""
