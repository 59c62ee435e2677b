"""File names in output: JSON and terminals take text, file systems give bytes."""

from __future__ import annotations

import os
from base64 import b64encode


def path_fields(path: str) -> dict[str, str]:
    """`path` as valid text; when the name is not UTF-8, `path_bytes` too: its bytes in base64, from which it can be
    opened again. In `path` each undecodable byte then stands as U+FFFD."""
    raw = os.fsencode(path)
    try:
        return {"path": raw.decode()}
    except UnicodeDecodeError:
        return {"path": raw.decode(errors="replace"), "path_bytes": b64encode(raw).decode()}


def printable(path: str) -> str:
    """A name for people on one line: control characters and undecodable bytes are escaped as in Python."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in path)
