"""Looking: grants, derivatives, the reveal of an original."""
