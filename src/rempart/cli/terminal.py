"""What a terminal may be told: text whose control characters have lost their power."""


def printable(text: str) -> str:
    """Text on one line: control characters, marks that turn the direction, and undecodable bytes are escaped as in
    Python, so that a file name or a list's text can neither move the cursor nor hide what follows."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
