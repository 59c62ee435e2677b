"""Canonical JSON: the subset of RFC 8785 in which one value has exactly one spelling, so that it can be hashed.

Strings, whole numbers up to 2^53 - 1 in size, true, false, null, arrays and objects. No fractions, whose spelling
differs between languages; keys are lower-case ASCII, whose order is the same for code points and UTF-16.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from rempart.errors import RefusedError

LARGEST = 2**53 - 1
DEEPEST = 16
_KEY = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,63}")
_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def canonical(value: Any) -> bytes:
    """The one spelling of `value`, in UTF-8. Raises RefusedError for what has none: fractions, odd keys, halves of
    surrogate pairs, numbers a browser could not hold."""
    check_plain(value)
    try:
        return _ENCODE(value).encode("utf-8")
    except UnicodeEncodeError as err:
        raise RefusedError("Text with half of a surrogate pair has no canonical spelling.") from err


def check_plain(value: Any, depth: int = 0) -> None:
    """Refuse what canonical JSON cannot say. RefusedError names the value's type."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return
    if kind is int:
        if -LARGEST <= value <= LARGEST:
            return
        raise RefusedError(f"The number {value} is over 2^53 - 1.", hint="Write it as text.")
    if kind is not dict and kind is not list and kind is not tuple:
        raise RefusedError(f"A value of type {kind.__name__} has no canonical spelling.", hint="Write it as text.")
    if depth >= DEEPEST:
        raise RefusedError(f"The value is nested deeper than {DEEPEST} levels.")
    if kind is dict:
        for key, inside in value.items():
            _check_key(key)
            check_plain(inside, depth + 1)
    else:
        for inside in value:
            check_plain(inside, depth + 1)


@lru_cache(4096)
def _check_key(key: object) -> None:
    """Refuse an odd key; good ones are remembered, since a few keys stand in every leaf."""
    if type(key) is not str or not _KEY.fullmatch(key):
        raise RefusedError(f"The key {key!r} is not lower-case ASCII.", hint="Use a-z, 0-9 and _ . : - in keys.")


def parse(data: bytes) -> Any:
    """The value that `data` spells. ValueError when it is no JSON, or not spelled canonically."""
    try:
        value = json.loads(data, parse_float=_no_float, parse_constant=_no_float)
        spelled = canonical(value)
    except (RefusedError, RecursionError) as err:
        raise ValueError(str(err)) from err
    if spelled != data:
        raise ValueError("the spelling is not the canonical one")
    return value


def _no_float(text: str) -> None:
    raise ValueError(f"{text[:40]} is not a whole number")
