"""Local features of listed pictures, so that crops and pasted parts are found."""
