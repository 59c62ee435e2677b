"""Changes of what a list does: which may be made at once, which need a second person, and what is checked first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from rempart.errors import ConflictError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.lists import entry_records, records
from rempart.lists.difference import Step
from rempart.lists.entry import Disposition, EntrySignal
from rempart.lists.entry_records import LiveList
from rempart.lists.growth import GrowthLimits
from rempart.lists.guards import Guards
from rempart.lists.own import is_own
from rempart.lists.records import Mode
from rempart.lists.schemes import built_in, choices
from rempart.lists.staging_records import Row
from rempart.people.principal import Principal
from rempart.store.counters import next_number
from rempart.store.engine import Store
from rempart.store.jobs import enqueue

MAX_NAME = 100
MAX_FEEDS = 50
_PAGE = 1_000
_OWN = ("name", "mode", "shared", "owner")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListWish:
    """What shall be changed of a list; None leaves it as it is. `feeds` are all sources that may enter unasked."""

    name: str | None = None
    mode: Mode | None = None
    shared: bool | None = None
    owner: str | None = None
    scheme: str | None = None
    growth: GrowthLimits | None = None
    feeds: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.name is not None:
            check_name(self.name)
        if self.scheme:
            check_scheme(self.scheme)
        if self.owner is not None and not (0 < len(self.owner) <= MAX_NAME and self.owner.isprintable()):
            raise RefusedError("An owner is named by the id of a person or key.")
        if self.feeds is not None and len(self.feeds) > MAX_FEEDS:
            raise RefusedError(f"A list has at most {MAX_FEEDS} feeds.")
        for feed in self.feeds or ():
            if not (0 < len(feed) <= 200 and feed.isprintable()):
                raise RefusedError("The name of a source has 1 to 200 printable characters.")

    def target(self, live: LiveList) -> dict[str, Any]:
        """What differs from the list as it is, as JSON-able data."""
        wanted = {one.name: getattr(self, one.name) for one in fields(self)}
        changed = {name: value for name, value in wanted.items() if value is not None and value != getattr(live, name)}
        return {name: _plain(value) for name, value in changed.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, GrowthLimits):
        return value.document()
    if isinstance(value, Mode):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def check_name(name: str) -> None:
    """Raise RefusedError unless `name` can be a list's."""
    if not (0 < len(name.strip()) <= MAX_NAME and name.isprintable() and name == name.strip()):
        raise RefusedError(f"A list's name has 1 to {MAX_NAME} printable characters, no blanks around them.")
    if is_own(name):
        raise RefusedError("Names that begin so are Rempart's own.", hint="Choose another name.")


def check_scheme(scheme: str) -> None:
    """Raise RefusedError unless `scheme` is empty (each file says it) or a known category scheme."""
    if scheme and scheme not in built_in():
        raise RefusedError(f"There is no category scheme {scheme[:64]!r}.", hint=f"Choose from {choices()}.")


def begins_to_guard(live: LiveList, target: Mapping[str, Any]) -> bool:
    """Whether a private, observing list would block or be shared."""
    return not live.guarded and (target.get("mode") == Mode.BLOCKING or target.get("shared") is True)


def why_second(live: LiveList, target: Mapping[str, Any], *, by: Principal) -> str:
    """Why a second person has to agree to a change of a list; empty when it may be made at once."""
    if begins_to_guard(live, target):
        return "What is on the list would block, or be shared." if live.live else ""
    if not live.guarded:
        return ""
    if target.get("mode") == Mode.BLOCKING or target.get("shared") is True:
        return "What is on the list would block, or be shared."
    if "growth" in target and GrowthLimits.parse(target["growth"]).looser_than(live.growth):
        return "More could enter without being asked about."
    if not set(target.get("feeds", ())) <= set(live.feeds):
        return "A feed could enter without being asked about."
    if by.id != live.owner and by.kind != "system" and target.keys() & {"mode", "shared", "owner"}:
        return "The list is another's."
    return ""


def perform(conn: Connection, live: LiveList, target: Mapping[str, Any], *, by: Principal, at: datetime) -> None:
    """Change a list (locked by the caller) and write it into the ledger."""
    own = {name: value for name, value in target.items() if name in _OWN}
    curated = {name: value for name, value in target.items() if name in ("scheme", "growth", "feeds")}
    if "name" in own and entry_records.list_named(conn, own["name"]) is not None:
        raise ConflictError("There is a list of that name already.", hint="Choose another name.")
    entry_records.change_list(conn, live, own=own, curated=curated)
    shown = {name: target[name] for name in ("mode", "shared") if name in target}
    facts = {"list": live.id, "changed": sorted(own | curated), **shown}
    append(conn, Leaf(action="list.changed", actor=by.pseudonym, facts=facts, subject=f"list:{live.id}"), at=at)
    if "mode" in own:
        # What is hosted already is ruled on anew, and what was looked up before this and not answered yet as well.
        next_number(conn, records.COUNTER)
        enqueue(conn, "lookback", {"list": live.id}, now=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeList:
    """A list looked at from end to end: a digest of its content, and the entries that a guard speaks against."""

    mark: str
    entries: int
    flagged: tuple[Row, ...]
    counts: Mapping[str, int]


def look_at_all(store: Store, live: LiveList, guards: Guards | None) -> WholeList:
    """Go through the live entries of a list; without `guards` only its content is digested."""
    whole, counts, flagged, last, entries = sha256(), Counter[str](), list[Row](), 0, 0
    while True:
        with store.read() as conn:
            page = entry_records.entries_page(conn, live.number, after=last, limit=_PAGE, withdrawn=False)
            signals = entry_records.signals_of(conn, [one.id for one in page])
        if not page:
            return WholeList(mark=whole.hexdigest(), entries=entries, flagged=tuple(flagged), counts=counts)
        last, entries = page[-1].id, entries + len(page)
        for one in page:
            whole.update(one.id.to_bytes(8) + b"".join(b":" + signal for signal, _ in signals[one.id]))
            whole.update(repr((one.ref, one.category, one.opinion.value)).encode("utf-8", "surrogatepass") + b"\0")
        if guards is None:
            continue
        matching = [
            [EntrySignal(signal=signal, quality=told.get("quality")) for signal, told in signals[one.id]]
            if one.disposition is Disposition.MATCH
            else ()
            for one in page
        ]
        for one, flag in zip(page, guards.flags(matching), strict=True):
            if flag:
                counts[flag.partition(":")[0]] += 1
                flagged.append(
                    Row(no=len(flagged), ref=one.ref, step=Step.ADD, what="there already", before=one.content,
                        after=one.content, was=None, body=None, flag=flag)
                )  # fmt: skip
