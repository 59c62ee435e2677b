"""Lists, items, policy, ledger, webhooks and health."""
