"""The public page of figures: no cookie, no script needed."""
