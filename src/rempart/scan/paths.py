"""File names as they are, and how each output shows them without losing a byte.

A name on disk is bytes. Inside Rempart it is text by Python's `surrogateescape`, which keeps every byte. Where people
or spreadsheets read it, it is shown *visibly*: printable text as it stands, everything else as `%XX`.
"""

from __future__ import annotations

import base64
import os
import re
import unicodedata

_HEX_AFTER_PERCENT = re.compile(r"%(?=[0-9A-Fa-f]{2})")
_ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})")
_PLAIN = re.compile(r"[\x20-\x24\x26-\x7e]*")  # ASCII without the percent sign: nothing to escape
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "'", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_FORMULA_AFTER_SEMICOLON = re.compile(r""";(?=[\s"']*[=+\-@\uff1d\uff0b\uff0d\uff20])""")


def visible(path: str) -> str:
    """A path as one printable line; `original` gives the same path back.

    Bytes that are not UTF-8, control characters, line separators and characters that turn the direction of text
    become `%XX` per byte; a percent sign becomes `%25` only where two hexadecimal digits follow it.
    """
    if _PLAIN.fullmatch(path):
        return path
    marked = _HEX_AFTER_PERCENT.sub("%25", path)
    if marked.isprintable():
        return marked
    return "".join(_percent(char) if unicodedata.category(char) in _HIDDEN else char for char in marked)


def original(shown: str) -> str:
    """The path that `visible` was given, from what it returned."""
    raw = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), os.fsencode(shown))
    return os.fsdecode(raw)


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in os.fsencode(char))


def is_text(path: str) -> bool:
    """Whether the path's bytes are UTF-8, so that JSON can carry it as it is."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def json_path(path: str) -> tuple[str, str | None]:
    """The `path` and `path_bytes` of a JSON object.

    UTF-8 paths stand as they are and have no `path_bytes`; others are shown as `visible` shows them, and
    `path_bytes` holds the exact bytes in Base64.
    """
    if is_text(path):
        return path, None
    return visible(path), base64.b64encode(os.fsencode(path)).decode("ascii")


def from_json_path(path: str, path_bytes: str | None) -> str:
    """The path on disk from a JSON object's two fields."""
    return path if path_bytes is None else os.fsdecode(base64.b64decode(path_bytes))


def spreadsheet(text: str) -> str:
    """Text, already made visible, that no spreadsheet takes for a formula.

    What starts with `= + - @ '` (or their wide forms), tab or return gets one `'` before it. Where semicolons separate
    cells, as in French settings, a formula could begin after one: that one becomes `%3B`. Taking away one leading `'`
    gives a text back that `original` reads as before.
    """
    safe = _FORMULA_AFTER_SEMICOLON.sub("%3B", text)
    return "'" + safe if safe.startswith(_FORMULA_STARTS) else safe


def from_spreadsheet(cell: str) -> str:
    """The visible text that `spreadsheet` was given; some semicolons are still `%3B`, as `original` reads them."""
    return cell[1:] if cell.startswith("'") else cell
