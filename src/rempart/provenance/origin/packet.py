"""XMP read by a scanner of tags, not by an XML parser: nothing is resolved, included, expanded or fetched.

It knows start tags, end tags, attributes, text and the five entities that need no declaration. A packet that declares
entities of its own is not read at all: no writer of pictures does so (XMP part 1, 7.3).
"""

from __future__ import annotations

# Looked up by name later, where no file opens any more.
import encodings.utf_16_be
import encodings.utf_16_le  # noqa: F401
import html
import re
from collections.abc import Iterator

from rempart.provenance.origin.generators import credited, named, traced
from rempart.provenance.origin.saying import MOST_FIELD, Said
from rempart.provenance.origin.sourcetypes import meant
from rempart.provenance.origin.values import Declaration, Ground, Place, Unread, short

_MOST = 1 << 20
_MOST_TAGS = 20_000
_TAG = re.compile(r"<(/?)([\w.-]{1,64}:)?([\w.-]{1,64})((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>")
_ATTRIBUTE = re.compile(r"(?<![\w.-])([\w.-]{1,64}:)?([\w.-]{1,64})\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)')")
_LEFT_OUT = (("<!--", "-->"), ("<?", "?>"))
_VERBATIM, _VERBATIM_END = "<![CDATA[", "]]>"
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
_DECLARES = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_SYNTAX = ("rdf", "x", "xml", "xmlns")
_WANTED = frozenset({
    "DigitalSourceType", "DigitalSourcefileType", "AISystemUsed", "AISystemVersionUsed", "AIPromptInformation",
    "AIPromptWriterName", "Credit", "CreatorTool", "UserComment", "description", "Make", "provenance",
})  # fmt: skip
_SOURCE_TYPES = ("DigitalSourceType", "DigitalSourcefileType")
_PROMPTS = ("AIPromptInformation", "AIPromptWriterName")
_SHOWN = ("Credit", "CreatorTool", "AISystemUsed", "AISystemVersionUsed")


def read_xmp(packet: bytes) -> Said:
    """What a packet says."""
    text = _decoded(packet)
    if len(packet) > _MOST or _DECLARES.search(text):
        return Said(unreadable=(Unread.XMP,))
    try:
        found = list(dict.fromkeys(_properties(text)))
    except ValueError:
        return Said(unreadable=(Unread.XMP,))
    uris = tuple(short(value) for name, value in found if name in _SOURCE_TYPES)
    grounds = tuple(Ground(place=Place.XMP, says=meant(uri), text=uri) for uri in uris)
    edited = any(one.says is Declaration.AI_EDITED for one in grounds)
    parts = [
        Said(
            grounds=grounds,
            source_types=uris,
            fields=tuple((name, short(value)) for name, value in found if name in _SHOWN and len(value) <= MOST_FIELD),
            prompts=tuple((name, value) for name, value in found if name in _PROMPTS),
        ),
        *(_told(name, value, edited=edited) for name, value in found),
    ]
    return Said.together(parts)


def _told(name: str, value: str, *, edited: bool) -> Said:
    if name == "AISystemUsed":
        says = Declaration.AI_EDITED if edited else Declaration.AI_MADE
        return Said(
            grounds=(Ground(place=Place.XMP, says=says, text=short(value[:MOST_FIELD])),),
            generator=short(value[:MOST_FIELD]),
        )
    if name == "Credit":
        return credited(value, place=Place.XMP, edited=edited)
    if name in ("CreatorTool", "Make") and (program := named(value)):
        says = Declaration.AI_EDITED if edited else Declaration.AI_MADE
        return Said(grounds=(Ground(place=Place.XMP, says=says, text=program),), generator=program)
    if name in ("UserComment", "description"):
        return traced({"UserComment": value}, place=Place.XMP)
    if name == "provenance":
        # Credentials that lie elsewhere: nothing is fetched, so they are not read.
        return Said(unreadable=(Unread.CREDENTIALS,))
    return Said()


def _properties(text: str) -> Iterator[tuple[str, str]]:
    """Wanted properties and their values, as attributes, elements, or items of lists inside elements. ValueError when
    there are too many tags, or one does not end."""
    opened: list[str] = []
    for said, tag in _steps(text):
        owner = opened[-1] if opened else ""
        if owner in _WANTED and said.strip():
            yield owner, said.strip()
        if tag[1]:
            if opened:
                opened.pop()
            continue
        syntax = (tag[2] or "").rstrip(":") in _SYNTAX
        yield from _attributes(tag[4], owner="" if syntax else tag[3])
        if not tag[4].endswith("/"):
            # An item of a list belongs to whatever the list belongs to.
            opened.append(owner if syntax else tag[3])


def _steps(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    """What stands before each tag, and the tag; in one pass, whatever the text is."""
    at, said = 0, ""
    for _ in range(_MOST_TAGS):
        start = text.find("<", at)
        if start < 0:
            return
        said += _plain(text[at:start])
        left_out = next((end for begin, end in _LEFT_OUT if text.startswith(begin, start)), None)
        if left_out is not None:
            at = _end(text, left_out, start)
        elif text.startswith(_VERBATIM, start):
            at = _end(text, _VERBATIM_END, start)
            said += text[start + len(_VERBATIM) : at - len(_VERBATIM_END)]
        elif tag := _TAG.match(text, start):
            yield said, tag
            at, said = tag.end(), ""
        else:
            at = start + 1
    raise ValueError("too many tags")


def _end(text: str, mark: str, start: int) -> int:
    found = text.find(mark, start)
    if found < 0:
        raise ValueError("it does not end")
    return found + len(mark)


def _attributes(text: str, *, owner: str) -> Iterator[tuple[str, str]]:
    for prefix, name, one, other in _ATTRIBUTE.findall(text):
        value = _plain(one or other).strip()
        if not value or prefix == "xmlns:":
            continue
        if name == "resource" and owner in _WANTED:
            yield owner, value
        elif name in _WANTED and prefix.rstrip(":") not in _SYNTAX:
            yield name, value


def _plain(text: str) -> str:
    return _ENTITY.sub(lambda one: html.unescape(one[0]), text)


def _decoded(packet: bytes) -> str:
    for start, encoding in (
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
        (b"<\0", "utf-16-le"),
        (b"\0<", "utf-16-be"),
    ):
        if packet.startswith(start):
            return packet.decode(encoding, "replace")
    return packet.decode("utf-8", "replace")
