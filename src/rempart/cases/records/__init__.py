"""The tables of cases, decisions and webhooks, and every statement on them."""
