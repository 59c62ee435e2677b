"""What the text of an element or attribute may be: kind, length, range, enumeration.

Stricter than the schema where the documentation asks for more (a zone on every time, valid addresses, times that are
past), and never looser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from ipaddress import ip_address

from rempart.reports.cybertip.document.problems import Fault, Reason


class Kind(StrEnum):
    """How text is read."""

    TEXT = "text"
    FLAG = "flag"  # true or false
    TAG = "tag"  # its being there says it; never false
    TIME = "time"
    DATE = "date"
    WHOLE = "whole"
    NUMBER = "number"
    ADDRESS = "address"  # of the network
    URL = "url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One kind of text. `most` counts as the service does, in UTF-16 units; `least` and `greatest` bound numbers;
    `pattern` is matched against the whole text; `past` times must not be to come; `blank` text is allowed only
    where said."""

    kind: Kind = Kind.TEXT
    most: int | None = None
    among: tuple[str, ...] = ()
    pattern: str | None = None
    least: float | None = None
    greatest: float | None = None
    past: bool = False
    blank: bool = False


_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ZONELESS = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?")
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,12})?(Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
_NUMBER = re.compile(r"-?[0-9]{1,10}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#<>\"]+[^\s<>\"]*")


def forbidden(text: str) -> bool:
    """Whether XML cannot hold a character of it."""
    return _FORBIDDEN.search(text) is not None


def fault(value: Value, text: str, *, now: datetime) -> Fault | None:
    """What is wrong with a text, None where nothing is. The first that is found, the plainest first."""
    if forbidden(text):
        return Fault(Reason.CHARACTERS)
    if not (value.blank or value.kind is Kind.TAG or text.strip()):
        return Fault(Reason.BLANK)
    if value.among:
        return None if text in value.among else Fault(Reason.AMONG)
    if value.most is not None and len(text.encode("utf-16-le")) // 2 > value.most:
        return Fault(Reason.LONG, str(value.most))
    if value.pattern is not None and re.fullmatch(value.pattern, text) is None:
        return Fault(Reason.PATTERN)
    return _READ[value.kind](value, text, now) if value.kind in _READ else None


def moment(text: str) -> datetime | None:
    """The time that a text says, None where it says none that has a zone."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    fraction = (found[2] or ".0")[1:7].ljust(6, "0")
    try:
        return datetime.fromisoformat(f"{found[1]}.{fraction}{found[3]}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _time(value: Value, text: str, now: datetime) -> Fault | None:
    said = moment(text)
    if said is None:
        return Fault(Reason.ZONE if _ZONELESS.fullmatch(text) else Reason.TIME)
    return Fault(Reason.FUTURE) if value.past and said > now else None


def _date(value: Value, text: str, now: datetime) -> Fault | None:
    try:
        said = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        said = None
    if said is None:
        return Fault(Reason.DATE)
    return Fault(Reason.FUTURE) if value.past and said > now.date() else None


def _number(value: Value, text: str, now: datetime) -> Fault | None:
    whole = value.kind is Kind.WHOLE
    if (_WHOLE if whole else _NUMBER).fullmatch(text) is None:
        return Fault(Reason.WHOLE if whole else Reason.NUMBER)
    said = int(text) if whole else float(text)
    low, high = value.least, value.greatest
    if (low is not None and said < low) or (high is not None and said > high):
        return Fault(Reason.RANGE, _plain(low), _plain(high))
    return None


def _plain(bound: float | None) -> str:
    return "" if bound is None else f"{bound:.0f}" if bound < 10**15 else str(int(bound))


def _address(value: Value, text: str, now: datetime) -> Fault | None:
    try:
        ip_address(text)
    except ValueError:
        return Fault(Reason.ADDRESS)
    return Fault(Reason.ADDRESS) if "%" in text else None


def _flag(value: Value, text: str, now: datetime) -> Fault | None:
    return None if text in ("true", "false", "1", "0") else Fault(Reason.FLAG)


def _tag(value: Value, text: str, now: datetime) -> Fault | None:
    return None if text in ("", "true") else Fault(Reason.TAG)


def _url(value: Value, text: str, now: datetime) -> Fault | None:
    return None if _URL.fullmatch(text) else Fault(Reason.URL)


_READ: Mapping[Kind, Callable[[Value, str, datetime], Fault | None]] = {
    Kind.TIME: _time,
    Kind.DATE: _date,
    Kind.WHOLE: _number,
    Kind.NUMBER: _number,
    Kind.ADDRESS: _address,
    Kind.FLAG: _flag,
    Kind.TAG: _tag,
    Kind.URL: _url,
}
