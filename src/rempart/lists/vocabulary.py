"""Reading other people's values: flags, times, codes and hashes in the many ways they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from rempart.errors import InvalidSignalError, RefusedError
from rempart.lists.entry import Category
from rempart.lists.schemes import Scheme
from rempart.signals.values import Md5, PdqHash, Sha1, Sha256, Signal, SignalKind

_TRUE = {"true", "1", "yes", "y", "t"}
_FALSE = {"false", "0", "no", "n", "f", ""}
_NET_DATE = re.compile(r"/Date\((-?\d{1,17})(?:[+-]\d{4})?\)/")
_FRACTION = re.compile(r"(\.\d{6})\d+")
_KINDS = {"pdq": PdqHash, "md5": Md5, "sha1": Sha1, "sha256": Sha256}
_BY_DIGITS: dict[int, type[Signal]] = {32: Md5, 40: Sha1, 64: PdqHash}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How to read a list: `schemes` by id, the `scheme` named by the person who imports (or None), and the time.

    `force` takes in a file of an unknown version. `now` stands in for a withdrawal whose time is not told.
    What a reader has to say of the file as a whole it adds to `notes`.
    """

    schemes: Mapping[str, Scheme]
    now: datetime
    scheme: Scheme | None = None
    force: bool = False
    source: str = ""
    notes: list[str] = field(default_factory=list, repr=False, compare=False)
    _seen: dict[tuple[str, str], Category | None] = field(default_factory=dict, repr=False, compare=False)

    def category(self, scheme: str, code: str) -> Category | None:
        """The category for a scheme and code as written; both may be empty. Raises RefusedError with the reason.

        A code without a scheme takes the scheme that was named for the import. Without a code, a scheme of one
        code (`listed`, `known-good`) gives its own, and any other leaves the entry uncategorised.
        """
        key = (scheme, code)
        if key not in self._seen:
            found = self._find(scheme.strip(), code.strip())
            if len(self._seen) > 10_000:
                self._seen.clear()
            self._seen[key] = found
        return self._seen[key]

    def _find(self, scheme: str, code: str) -> Category | None:
        chosen = self.schemes.get(scheme) if scheme else self.scheme
        if scheme and chosen is None:
            raise RefusedError(f"there is no category scheme {scheme[:40]!r}")
        if not code:
            only = chosen.only_code if chosen else None
            return Category(scheme=chosen.id, code=only.code) if chosen and only else None
        if chosen is None:
            raise RefusedError(f"code {code[:40]!r} stands without a scheme")
        known = chosen.find(code)
        if known is None:
            raise RefusedError(f"scheme {chosen.id} has no code {code[:40]!r}")
        return Category(scheme=chosen.id, code=known.code)

    def membership(self) -> Category:
        """The category of an entry in a format that carries none: `listed`, or the named scheme's only code.

        Raises RefusedError when the named scheme has several codes.
        """
        if self.scheme is None:
            return Category(scheme="listed", code="listed")
        only = self.scheme.only_code
        if only is None:
            raise RefusedError(
                f"This format carries no category, and scheme {self.scheme.id} needs one for each entry.",
                hint="Use --scheme listed or --scheme known-good, or a CSV with a column named category.",
            )
        return Category(scheme=self.scheme.id, code=only.code)


def read_flag(value: object) -> bool | None:
    """A boolean written as true, "True", 1, "yes", … ; None and empty text give None. Raises RefusedError."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    if isinstance(value, str):
        text = value.strip().casefold()
        if not text:
            return None
        if text in _TRUE:
            return True
        if text in _FALSE:
            return False
    raise RefusedError(f"{str(value)[:40]!r} is neither true nor false")


def read_moment(value: object) -> datetime | None:
    """A time written in ISO 8601 (any fraction; without a zone it is UTC) or as .NET `/Date(ms)/`; None if empty.

    Raises RefusedError for anything else.
    """
    if value is None or value == "":
        return None
    text = str(value).strip()[:64]
    net = _NET_DATE.fullmatch(text)
    try:
        if net:
            return _EPOCH + timedelta(milliseconds=int(net[1]))
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as err:
        raise RefusedError(f"{text!r} is no time that is known here") from err


def read_quality(value: object) -> int | None:
    """A PDQ quality, 0 to 100, as number or numeric text; None if empty. Raises RefusedError."""
    if value is None or value == "":
        return None
    try:
        quality = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else -1
    except ValueError:
        quality = -1
    if not 0 <= quality <= 100:
        raise RefusedError(f"{str(value)[:20]!r} is no quality from 0 to 100")
    return quality


def read_code(value: object) -> str:
    """A category code as text, from text or a whole number; empty for None. Raises RefusedError."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = value.strip()
        # "1.0" comes from spreadsheets; a code is never a fraction
        return text[:-2] if text.endswith(".0") and text[:-2].isdigit() else text
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6 and value == int(value):
        return str(int(value))
    raise RefusedError(f"{str(value)[:40]!r} is no category code")


def read_signal(kind: str, text: str) -> Signal:
    """A signal of a named kind (any case, `SHA-1` and `sha1` alike); raises RefusedError with the reason."""
    cls = _KINDS.get(kind) or _KINDS.get(kind.strip().lower().replace("-", "").replace("_", "").removeprefix("hash"))
    if cls is None:
        raise RefusedError(f"{kind[:20]!r} is no kind of signal; known: " + ", ".join(SignalKind))
    try:
        return cls.from_hex(text.strip())
    except InvalidSignalError as err:
        raise RefusedError(_plain(err)) from err


def guess_signal(text: str) -> Signal:
    """A signal by prefix (`md5:…`) or, without one, by length: 32 digits MD5, 40 SHA-1, 64 PDQ. Raises RefusedError."""
    kind, colon, value = text.partition(":")
    if colon:
        return read_signal(kind, value)
    cls = _BY_DIGITS.get(len(text))
    if cls is None:
        raise RefusedError(f"{len(text)} characters are no hash: MD5 has 32, SHA-1 40, PDQ and SHA-256 64")
    try:
        return cls.from_hex(text)
    except InvalidSignalError as err:
        raise RefusedError(_plain(err)) from err


def _plain(err: InvalidSignalError) -> str:
    """The message as a reason inside a sentence: no capital, no full stop."""
    return (err.message[:1].lower() + err.message[1:]).rstrip(".")
