"""Strict reading of what clients and generators send, so that what was checked is what is used.

A document in which two readers could see two things (a name twice, NaN, bytes that are not UTF-8) is refused, and what
goes on is written anew from what was read.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

Wrong = Callable[[str], Exception]
"""What is raised, made from what is wrong."""

MOST_NODES = 50_000
LONGEST_WORD = 512
_HIDDEN = re.compile(r"[A-Za-z0-9+/_=-]{512}")
_HALVES = re.compile(r"[\ud800-\udfff]")
_DATA_URL = re.compile(r"data:[a-zA-Z0-9.+/-]{1,80};base64,")
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?|true|false|True|False")


def document(body: bytes, wrong: Wrong) -> dict[str, Any]:
    """A JSON object. Raises what `wrong` makes."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MOST_NODES:
        raise wrong("its JSON has too many parts")
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as err:
        raise wrong("it is not well-formed JSON") from err
    if not isinstance(found, dict):
        raise wrong("it is not a JSON object")
    return found


def answer(body: bytes, wrong: Wrong) -> dict[str, Any]:
    """A JSON object of which only what is known goes on. Raises what `wrong` makes."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MOST_NODES:
        raise wrong("its JSON has too many parts")
    try:
        found = msgspec.json.decode(body)
    except (ValueError, RecursionError) as err:
        raise wrong("it is not well-formed JSON") from err
    if not isinstance(found, dict):
        raise wrong("it is not a JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def picture(value: object, *, most: int) -> bytes | None:
    """The bytes behind base64, with or without a `data:` prefix; None for anything else, or more than `most`."""
    if not isinstance(value, str) or len(value) > most * 4 // 3 + 128:
        return None
    prefix = _DATA_URL.match(value)
    try:
        found = msgspec.convert(value[prefix.end() :] if prefix else value, bytes)
    except (msgspec.ValidationError, ValueError):
        return None
    return found if 0 < len(found) <= most else None


def written(told: Mapping[str, Any]) -> bytes:
    """A JSON object; bytes in it are written as base64, in one pass."""
    return msgspec.json.encode(told)


def is_text(value: object, *, most: int) -> bool:
    """Whether a value is text, and no picture in disguise: words have spaces, base64 has none."""
    return (
        isinstance(value, str) and len(value) <= most
        and _HIDDEN.search(value) is None and _HALVES.search(value) is None
    )  # fmt: skip


def is_word(value: object) -> bool:
    """Whether a value is a name or an id: short text, in one line."""
    return is_text(value, most=LONGEST_WORD) and str(value).isprintable()


def is_scalar(value: object) -> bool:
    """Whether a value can hold no picture: a number that is no essay in digits, true, false or nothing."""
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < 1 << 63)


def is_scalar_text(value: str) -> bool:
    """The same for a form, where all is text."""
    return _NUMBER.fullmatch(value) is not None or value == ""
