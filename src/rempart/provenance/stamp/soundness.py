"""Whether a text that came with a picture is XML in one piece, so that what is put before its end is read as put there.

A scanner of tags: nothing is resolved, and what it does not know (comments, declarations, sections of text as it
stands) makes a text unsound. What it lets pass, an XML parser reads too.
"""

from __future__ import annotations

import re

_NAME = r"[A-Za-z_][\w.-]{0,63}(?::[A-Za-z_][\w.-]{0,63})?"
_VALUE = r"(?:\"[^\"<]*+\"|'[^'<]*+')"
_TAG = re.compile(rf"<(/?)({_NAME})((?:\s++{_NAME}\s*+=\s*+{_VALUE})*+)\s*+(/?)>", re.ASCII)
_ATTRIBUTE = re.compile(rf"({_NAME})\s*+=\s*+({_VALUE})", re.ASCII)
_AROUND = re.compile(r"<\?(?!xml[\s?])[A-Za-z][\w-]{0,40}(?: [^<>?]{0,200})?\?>", re.ASCII)
_REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|apos|#(\d{1,6})|#x([0-9a-fA-F]{1,5}));")
_NEVER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]|\]\]>")
_MOST_OPEN = 256


def is_sound(text: str) -> bool:
    """Whether every tag that is opened is closed, inside one that holds all, with no name that was not declared."""
    if _NEVER.search(text) or not all(map(_is_letter, _REFERENCE.finditer(text))) or "&" in _REFERENCE.sub("", text):
        return False
    opened: list[tuple[str, frozenset[str]]] = []
    at, roots = 0, 0
    while (start := text.find("<", at)) >= 0:
        if not opened and text[at:start].strip("\ufeff\t\r\n "):
            return False
        around, tag = _AROUND.match(text, start), _TAG.match(text, start)
        found = around or tag
        if found is None:
            return False
        at = found.end()
        if tag is None:
            continue
        if tag[1]:
            if tag[3] or tag[4] or not opened or opened.pop()[0] != tag[2]:
                return False
            continue
        known = _declared(tag, opened[-1][1] if opened else frozenset({"xml"}))
        roots += not opened
        if known is None or roots > 1 or len(opened) >= _MOST_OPEN:
            return False
        if not tag[4]:
            opened.append((tag[2], known))
    return not opened and roots == 1 and not text[at:].strip("\t\r\n \0")


def _declared(tag: re.Match[str], known: frozenset[str]) -> frozenset[str] | None:
    """The prefixes that count inside a tag; None where it uses another, or says something twice."""
    names = [name for name, _ in _ATTRIBUTE.findall(tag[3])]
    if len(set(names)) < len(names):
        return None
    known |= {name.removeprefix("xmlns:") for name in names if name.startswith("xmlns:")}
    used = {name.partition(":")[0] for name in (tag[2], *names) if ":" in name and not name.startswith("xmlns:")}
    return known if used <= known else None


def _is_letter(found: re.Match[str]) -> bool:
    """Whether a reference is to a letter that a text may hold."""
    number = int(found[1]) if found[1] else int(found[2], 16) if found[2] else 32
    return number in (9, 10, 13) or 32 <= number < 0xD800 or 0xE000 <= number < 0xFFFE or 0x10000 <= number < 0x110000
