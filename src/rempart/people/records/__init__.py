"""The tables of people, and every question that is put to them."""
