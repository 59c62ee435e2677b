"""The pages: rendered here, readable without scripts, in English and French."""
