"""What proves afterwards what was done: the ledger, the vault, custody."""
