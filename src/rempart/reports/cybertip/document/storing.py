"""Records to JSON and back: the same record always gives the same bytes, so that a digest of them can be confirmed.

What is at its default is left out. A time is written in UTC; one without a zone stays as it is, for `checking` to tell
of. `written` and `read` do the same for a part alone, such as one file.
"""

from __future__ import annotations

import functools
import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from rempart.errors import RefusedError
from rempart.reports.cybertip.document.internet import (
    CellPhone,
    Chat,
    EmailIncident,
    Gaming,
    Newsgroup,
    NonInternet,
    PeerToPeer,
    WebPage,
)
from rempart.reports.cybertip.document.records import CyberTip

FORMAT = 1
KIND = "kind"
KINDS: Mapping[str, type] = {
    "web_page": WebPage,
    "email": EmailIncident,
    "newsgroup": Newsgroup,
    "chat": Chat,
    "gaming": Gaming,
    "cell_phone": CellPhone,
    "non_internet": NonInternet,
    "peer_to_peer": PeerToPeer,
}
"""What JSON calls the eight kinds of incident."""

T = TypeVar("T")
_NAMES = {kind: name for name, kind in KINDS.items()}


def to_json(tip: CyberTip) -> bytes:
    """A whole document as JSON: sorted, without spaces, UTF-8."""
    return _bytes({"format": FORMAT, **written(tip)})


def from_json(data: bytes) -> CyberTip:
    """The document that `to_json` wrote. RefusedError, with the place, for anything else."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as err:
        raise RefusedError("This is no JSON.", hint="Give a document that was saved by Rempart.") from err
    if not isinstance(found, dict) or found.pop("format", None) != FORMAT:
        raise RefusedError("This is no saved document of a report.", hint="Give a document that was saved by Rempart.")
    return read(CyberTip, found)


def part_to_json(record: Any) -> bytes:
    """One part of a document as JSON: sorted, without spaces, UTF-8."""
    return _bytes(written(record))


def part_from_json(kind: type[T], data: bytes) -> T:
    """The part that `part_to_json` wrote. RefusedError, with the place, for anything else."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as err:
        raise RefusedError("This is no JSON.", hint="Give a document that was saved by Rempart.") from err
    return read(kind, found)


def written(record: Any) -> dict[str, Any]:
    """A record as what JSON can hold: fields at their default are left out."""
    held = {
        field.name: _plain(value)
        for field in fields(record)
        if not _default(field, value := getattr(record, field.name))
    }
    kind = _NAMES.get(type(record))
    return held if kind is None else {KIND: kind, **held}


def read(kind: type[T], found: Any, *, place: str = "") -> T:
    """The record of a kind that `written` gave. RefusedError names the place of what does not fit."""
    if not isinstance(found, dict):
        raise _refused(place, "an object is needed")
    if kind in _NAMES:
        if found.get(KIND) != _NAMES[kind]:
            raise _refused(f"{place}.{KIND}".lstrip("."), "this is another kind")
        found = {name: value for name, value in found.items() if name != KIND}
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    for name in found:
        if name not in known:
            raise _refused(f"{place}.{name}".lstrip("."), "there is no such field")
    values = {}
    hints = _hints(cast(Any, kind))
    for name, field in known.items():
        where = f"{place}.{name}".lstrip(".")
        if name in found:
            values[name] = _typed(hints[name], found[name], place=where)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise _refused(where, "this is needed")
    return kind(**values)


def _bytes(found: dict[str, Any]) -> bytes:
    return json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode(
        "utf-8", "surrogatepass"
    )


def _default(field: Field[Any], value: Any) -> bool:
    return field.default is not MISSING and type(value) is type(field.default) and value == field.default


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return written(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, frozenset):
        return sorted(_plain(one) for one in value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return _in_utc(value).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _in_utc(value: datetime) -> datetime:
    try:
        return value if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:  # in the first or last hours of the calendar
        return value


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _typed(hint: Any, found: Any, *, place: str) -> Any:
    """What JSON held, as the type that the field declares."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (types.UnionType, Union):
        return _one_of(inner, found, place=place)
    if origin in (tuple, frozenset):
        if not isinstance(found, list):
            raise _refused(place, "a list is needed")
        return origin(_typed(inner[0], one, place=f"{place}[{number}]") for number, one in enumerate(found, 1))
    if isinstance(hint, type) and is_dataclass(hint):
        return read(hint, found, place=place)
    if isinstance(hint, type) and issubclass(hint, date | Enum):
        return _parsed(hint, found, place=place)
    if hint is float and type(found) is int:
        return float(found)
    if type(found) is not hint:
        raise _refused(place, f"{hint.__name__} is needed")
    return found


def _one_of(kinds: tuple[Any, ...], found: Any, *, place: str) -> Any:
    if type(None) in kinds:
        if found is None:
            return None
        left = tuple(kind for kind in kinds if kind is not type(None))
        return _typed(left[0], found, place=place) if len(left) == 1 else _one_of(left, found, place=place)
    name = found.get(KIND) if isinstance(found, dict) else None
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise _refused(place, "none of the eight kinds")
    return read(kind, found, place=place)


def _parsed(kind: Any, found: Any, *, place: str) -> Any:
    if not isinstance(found, str):
        raise _refused(place, "text is needed")
    try:
        return kind(found) if issubclass(kind, Enum) else kind.fromisoformat(found)
    except ValueError as err:
        raise _refused(place, "this is no value that is known here") from err


def _refused(place: str, why: str) -> RefusedError:
    return RefusedError(f"The saved document does not fit at {place or 'its top'}: {why}.")
