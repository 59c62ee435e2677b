"""The export file, line by line: canonical JSON, each line of a kind and in a place that the number of leaves fixes.

    {"checkpoint":…,"form":…,"format":…,"key":…}     the signed checkpoint of just these leaves
    {"hashes":…,"tile":0}                            the hashes of the next 256 leaves
    {"body":{…},"leaf":0}                            … the leaves, and so on, tile by tile
    {"digest":…,"end":1234}                          SHA-256 of all lines above

The full form adds `opens` to each leaf: salts and values of its exact time and its subject.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from rempart.evidence.ledger.canonical import canonical, parse
from rempart.evidence.ledger.leaves import SALT_BYTES, SUBJECT, TIME, Opening
from rempart.evidence.ledger.tree import HASH_BYTES, TILE_WIDTH, leaf_hash

FORMAT = "rempart-ledger-export/1"
FULL, OUTSIDER = "full", "outsider"
HEAD_BEGINS = b'{"checkpoint":"'
LONGEST_LINE = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadLine:
    """The first line."""

    note: str
    form: str
    key: str
    timestamp: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TileLine:
    """The hashes of up to 256 leaves."""

    tile: int
    hashes: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafLine:
    """A leaf's number, body and hash, and what opens it."""

    leaf: int
    body: Mapping[str, Any]
    hash: bytes
    opens: tuple[Opening, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndLine:
    """The last line."""

    count: int
    digest: bytes


Line = HeadLine | TileLine | LeafLine | EndLine


def head_line(*, note: str, form: str, key: str, timestamp: bytes | None) -> bytes:
    """The first line of an export."""
    told = {"checkpoint": note, "form": form, "format": FORMAT, "key": key}
    if timestamp is not None:
        told["timestamp"] = b64encode(timestamp).decode()
    return canonical(told) + b"\n"


def tile_line(tile: int, hashes: bytes) -> bytes:
    return canonical({"hashes": b64encode(hashes).decode(), "tile": tile}) + b"\n"


def leaf_line(leaf: int, body: bytes, opens: Mapping[str, Opening] | None) -> bytes:
    """A leaf's line; its body stands in it to the byte as it was hashed."""
    shown = b"" if opens is None else b',"opens":' + canonical(opens_document(opens))
    return b'{"body":%b,"leaf":%d%b}\n' % (body, leaf, shown)


def end_line(count: int, digest: bytes) -> bytes:
    return canonical({"digest": b64encode(digest).decode(), "end": count}) + b"\n"


def opens_document(opens: Mapping[str, Opening]) -> dict[str, dict[str, str]]:
    """Openings as they are written: salt in base64, and the value as text, or in base64 as `bytes`."""
    told = {}
    for name, one in opens.items():
        value = {"bytes": b64encode(one.value).decode()} if isinstance(one.value, bytes) else {"value": one.value}
        told[name] = {"salt": b64encode(one.salt).decode(), **value}
    return told


def tile_count(size: int) -> int:
    """How many tile lines an export of so many leaves has."""
    return -(-size // TILE_WIDTH)


def read_lines(stream: IO[bytes]) -> Iterator[bytes]:
    """The lines with their ends; one that is longer than any of ours is cut and so is no line."""
    while line := stream.readline(LONGEST_LINE):
        yield line


def read_line(line: bytes) -> Line:
    """What a line says. ValueError when it says nothing that an export says, or not in the canonical spelling."""
    if not line.endswith(b"\n"):
        raise ValueError("the line has no end")
    told = parse(line[:-1])
    if not isinstance(told, dict):
        raise ValueError("the line is no object")
    keys = told.keys()
    if keys == {"body", "leaf"} or keys == {"body", "leaf", "opens"}:
        return _leaf(told)
    if keys == {"hashes", "tile"}:
        hashes = unbase64(told["hashes"])
        if not 0 < len(hashes) <= TILE_WIDTH * HASH_BYTES or len(hashes) % HASH_BYTES:
            raise ValueError("a tile has up to 256 hashes")
        return TileLine(tile=_number(told["tile"]), hashes=hashes)
    if keys == {"digest", "end"}:
        return EndLine(count=_number(told["end"]), digest=unbase64(told["digest"]))
    if keys - {"timestamp"} == {"checkpoint", "form", "format", "key"} and told["format"] == FORMAT:
        if told["form"] not in (FULL, OUTSIDER):
            raise ValueError("the form is not known")
        stamp = unbase64(told["timestamp"]) if "timestamp" in told else None
        return HeadLine(note=_text(told["checkpoint"]), form=told["form"], key=_text(told["key"]), timestamp=stamp)
    raise ValueError("the line says nothing that an export says")


def read_body(body: Any) -> dict[str, Any]:
    """A leaf's body, when it has the five parts it must have. ValueError otherwise."""
    if not isinstance(body, dict) or body.keys() != {"action", "actor", "day", "facts", "sealed"}:
        raise ValueError("a leaf has action, actor, day, facts and sealed")
    if not isinstance(body["sealed"], dict) or TIME not in body["sealed"]:
        raise ValueError("a leaf commits to its time")
    return body


def read_opens(document: Any) -> tuple[Opening, ...]:
    """Openings as `opens_document` wrote them. ValueError."""
    if not isinstance(document, dict):
        raise ValueError("openings are an object")
    found = []
    for name, one in document.items():
        if not isinstance(one, dict) or one.keys() not in ({"salt", "value"}, {"salt", "bytes"}):
            raise ValueError("an opening has salt and value")
        salt = unbase64(one["salt"])
        if len(salt) != SALT_BYTES:
            raise ValueError(f"a salt has {SALT_BYTES} bytes")
        value = unbase64(one["bytes"]) if "bytes" in one else _text(one["value"])
        found.append(Opening(name=name, salt=salt, value=value))
    return tuple(found)


def opens_wrongly(body: Mapping[str, Any], opens: tuple[Opening, ...]) -> str | None:
    """What is wrong with the openings of a leaf; None when they open it, and its time is of the day it shows."""
    for one in opens:
        if not one.opens(str(body["sealed"].get(one.name, ""))):
            return f"the opening of {one.name} is not of its commitment"
        if one.name == TIME and str(one.value)[:10] != body["day"]:
            return "the time is not of the day that is shown"
    return None


def unbase64(text: Any) -> bytes:
    """The bytes that `text` is the one way to write. ValueError."""
    try:
        data = b64decode(_text(text), validate=True)
    except Base64Error as err:
        raise ValueError("this is not base64") from err
    if b64encode(data).decode() != text:
        raise ValueError("this is not the one base64 of these bytes")
    return data


def _leaf(told: dict[str, Any]) -> LeafLine:
    body = read_body(told["body"])
    opens = read_opens(told["opens"]) if "opens" in told else None
    if opens is not None and not {one.name for one in opens} <= {TIME, SUBJECT}:
        raise ValueError("an export opens times and subjects only")
    return LeafLine(leaf=_number(told["leaf"]), body=body, hash=leaf_hash(canonical(body)), opens=opens)


def _number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("this is no number of a line")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("this is no text")
    return value
