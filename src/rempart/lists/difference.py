"""What an incoming entry means for the list that it comes to: added, changed and how, withdrawn, or nothing new."""

from __future__ import annotations

import json
from binascii import unhexlify
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from hashlib import blake2b
from typing import Any

import msgspec

from rempart.clock import iso
from rempart.errors import RefusedError
from rempart.lists.entry import Category, Entry, EntrySignal, Opinion
from rempart.lists.schemes import Scheme, check_category
from rempart.signals.values import SIGNAL_TYPES

MAX_REF = 512
MAX_SIGNALS = 1_000
MAX_BODY = 1 << 18
_MAX_WORD = 64
_NO_WORDS = (None, None)
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=str).encode


_TYPES = {kind.value: cls for kind, cls in SIGNAL_TYPES.items()}


class Step(StrEnum):
    """What one row of a change set does."""

    ADD = "add"
    CHANGE = "change"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An entry that the list has: its number, the fingerprint of its content, and what it says."""

    entry_id: int
    content: bytes
    category: Category | None
    opinion: Opinion
    withdrawn: datetime | None


@dataclass(frozen=True, kw_only=True)
class Body:
    """The content of an entry as it is staged, stored and compared: everything but its reference.

    `text` is canonical JSON: keys sorted, signals in a fixed order, so that equal content is equal text. `fingerprint`
    has sixteen bytes and leaves out where and when the partner told it: the same said again is no change.
    """

    text: str
    fingerprint: bytes

    @classmethod
    def of(cls, entry: Entry, schemes: Mapping[str, Scheme]) -> Body:
        """The content of `entry`; raises RefusedError saying why the list cannot hold it."""
        check_category(entry.category, schemes)
        if not entry.signals:
            raise RefusedError("there is no signal in it")
        if len(entry.signals) > MAX_SIGNALS:
            raise RefusedError(f"it has over {MAX_SIGNALS} signals")
        signals = sorted({_signal_row(one) for one in entry.signals}, key=repr)
        row: dict[str, object] = {"o": entry.opinion.value, "s": signals}
        if entry.category is not None:
            row["c"] = (entry.category.scheme, entry.category.code)
        for name, value in (("t", entry.tags), ("r", entry.record)):
            if value:
                row[name] = value
        told = {"f": entry.source.replace("\0", "\ufffd")} if entry.source else {}
        if entry.added is not None:
            told["a"] = iso(entry.added)
        try:
            text = _sound(_ENCODE(row))
        except (RecursionError, ValueError, TypeError) as err:
            raise RefusedError("its record is nested too deeply, or is no JSON") from err
        if len(text) > MAX_BODY:
            raise RefusedError(f"with its record it is over {MAX_BODY} characters")
        mark = blake2b(text.encode(), digest_size=16).digest()
        if told:
            text = f"{_sound(_ENCODE(told))[:-1]},{text[1:]}"
        return cls(text=text, fingerprint=mark)

    @cached_property
    def row(self) -> Mapping[str, Any]:
        """The content as data."""
        try:
            found: Mapping[str, Any] = msgspec.json.decode(self.text)
        except msgspec.MsgspecError:  # a partner's record may hold NaN, or a number beyond all floats
            found = json.loads(self.text)
        return found

    @property
    def category(self) -> Category | None:
        """What the entry is said to be."""
        found = self.row.get("c")
        return Category(scheme=found[0], code=found[1]) if found else None

    @property
    def opinion(self) -> Opinion:
        """What the list's owner says of it."""
        return Opinion(self.row["o"])

    @property
    def signals(self) -> tuple[EntrySignal, ...]:
        """Its signals."""
        return tuple(
            EntrySignal(signal=_TYPES[kind](unhexlify(value)), recipe=recipe, quality=quality, facet=facet)
            for kind, value, recipe, quality, facet in self.row["s"]
        )

    def entry(self, ref: str) -> Entry:
        """The entry of this content under a reference."""
        row = self.row
        return Entry(
            id=ref, signals=self.signals, category=self.category, opinion=self.opinion, source=row.get("f", ""),
            tags=tuple(row.get("t", ())), record=row.get("r"),
            added=datetime.fromisoformat(row["a"]) if "a" in row else None,
        )  # fmt: skip


def _sound(text: str) -> str:
    """Without halves of surrogate pairs, which no database takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def check_ref(ref: str) -> None:
    """Raise RefusedError unless `ref` can be an entry's reference: 1 to 512 printable characters."""
    if not 0 < len(ref) <= MAX_REF:
        raise RefusedError(f"A reference has 1 to {MAX_REF} characters.")
    if not ref.isprintable():
        raise RefusedError("A reference holds printable characters only.")


def _signal_row(one: EntrySignal) -> tuple[str, str, str | None, int | None, str | None]:
    if one.signal.kind not in SIGNAL_TYPES:
        raise RefusedError(f"signals of kind {one.signal.kind} cannot be held")
    words = (one.recipe, one.facet)
    if words != _NO_WORDS and not all(len(word or "") <= _MAX_WORD and (word or "").isprintable() for word in words):
        raise RefusedError(f"a recipe and a facet have at most {_MAX_WORD} printable characters")
    if one.quality is not None and not 0 <= one.quality <= 100:
        raise RefusedError("a quality is 0 to 100")
    return one.signal.kind.value, one.signal.hex(), one.recipe, one.quality, one.facet


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What one incoming entry does. `step` is None when it is there already, just so."""

    step: Step | None
    what: str = ""


UNCHANGED = Difference(step=None)


def compare(entry: Entry, body: Body | None, known: Known | None, *, restore: bool = False) -> Difference:
    """What `entry` (with its `body`, None when it is withdrawn) does to a list that has `known` under its reference.

    Raises RefusedError for a withdrawal of what is not there, and for what was withdrawn here unless `restore`.
    """
    if body is None:
        if known is None:
            raise RefusedError("it withdraws an entry that is not on the list")
        if known.withdrawn is not None:
            raise RefusedError(f"the entry was already withdrawn, on {known.withdrawn:%Y-%m-%d}")
        return Difference(step=Step.WITHDRAW)
    if known is None:
        return Difference(step=Step.ADD)
    if known.withdrawn is not None:
        if not restore:
            raise RefusedError(
                f"the entry was withdrawn on {known.withdrawn:%Y-%m-%d} and stays so",
                hint="Say restore to take it back.",
            )
        return Difference(step=Step.ADD, what="restored")
    if body.fingerprint == known.content:
        return UNCHANGED
    changes = [
        name
        for name, same in (("category", body.category == known.category), ("opinion", body.opinion is known.opinion))
        if not same
    ]
    return Difference(step=Step.CHANGE, what=" and ".join(changes) or "content")
