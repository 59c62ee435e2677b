"""Making a change set: what shall enter a list is read, compared with what is there, checked, and written down.

Nothing of it is live. Rows are written in chunks, each in a transaction of its own, and each chunk has a digest; the
digest over all of them is what a second person agrees to, and each chunk is held against it again when it is applied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from rempart.clock import Clock
from rempart.errors import RefusedError
from rempart.lists import entry_records, staging_records
from rempart.lists.difference import Body, Difference, Known, Step, check_ref, compare
from rempart.lists.entry import Category, Disposition, Entry, Opinion
from rempart.lists.guards import Guards
from rempart.lists.report import Reading, Refusal
from rempart.lists.schemes import Scheme, disposition
from rempart.lists.staging_records import ChangeSet, Row
from rempart.store.engine import Store
from rempart.store.schema import Json

CHUNK = 1_000
"""Rows that are written, and later applied, in one transaction."""
REFUSALS_KEPT = 200
_SEEN_BITS = 1 << 25
_SEEN_MASK = _SEEN_BITS - 1


class _Fresh(NamedTuple):
    """A row that has no number yet."""

    step: Step
    what: str
    before: bytes | None
    after: bytes | None
    was: Mapping[str, Any] | None
    body: str | None


class _Seen:
    """Which references may have come before: a Bloom filter; memory stays flat and the database is seldom asked.

    It is wrong on one side only: of a million references some are asked about for nothing.
    """

    def __init__(self) -> None:
        self._bits = bytearray(_SEEN_BITS // 8)

    def again(self, refs: Sequence[str]) -> list[str]:
        """Those of `refs` that may have been given before; all are remembered."""
        found: list[str] = []
        for ref in refs:
            mark = hash(ref)
            places = (mark & _SEEN_MASK, (mark >> 32) & _SEEN_MASK)
            if all(self._bits[place >> 3] >> (place & 7) & 1 for place in places):
                found.append(ref)
            for place in places:
                self._bits[place >> 3] |= 1 << (place & 7)
        return found


class Staging:
    """Takes entries one by one into an open change set of the list with this number. Memory stays flat."""

    def __init__(
        self,
        store: Store,
        changeset: ChangeSet,
        *,
        number: int,
        schemes: Mapping[str, Scheme],
        guards: Guards,
        clock: Clock,
        restore: bool = False,
    ) -> None:
        self._store, self._changeset, self._list, self._clock = store, changeset, number, clock
        self._schemes, self._guards, self._restore = schemes, guards, restore
        self._seen = _Seen()
        self._waiting: list[Reading] = []
        self._states: dict[tuple[Category | None, Opinion], Disposition] = {}
        self._rows: list[Row] = []
        self._number = 0
        self.marks = b""
        self.counts: Counter[str] = Counter()
        self.refused: list[tuple[int, str]] = []

    def take(self, reading: Reading) -> None:
        """Take one entry as it was read."""
        self._waiting.append(reading)
        if len(self._waiting) >= entry_records.BATCH:
            self._compare()

    def refuse(self, refusal: Refusal, *, rows: int = 1) -> None:
        """Count lines that could not be taken; `values_left_out` are single values of lines that were."""
        self.counts["refused" if refusal.whole else "values_left_out"] += rows
        if len(self.refused) < REFUSALS_KEPT:
            self.refused.append((refusal.line, refusal.reason))

    def close(self) -> None:
        """Compare and write what is left."""
        self._compare()
        self._write(len(self._rows))
        self.refused.sort()

    def _compare(self) -> None:
        waiting, self._waiting = [one for one in self._waiting if self._can_be_named(one)], []
        refs = list({reading.entry.id for reading in waiting})
        again = self._seen.again(refs)
        with self._store.read() as conn:
            known = entry_records.known(conn, self._list, refs)
            staged = staging_records.staged_refs(conn, self._changeset.id, again) if again else {}
        staged |= {row.ref: row.after for row in self._rows}
        fresh: list[tuple[_Fresh, Entry]] = []
        for reading in waiting:
            try:
                row = self._row(reading, known, staged)
            except RefusedError as err:
                self.refuse(Refusal(line=reading.line, reason=_plain(err)), rows=reading.rows)
                continue
            if row is not None:
                staged[reading.entry.id] = row.after
                fresh.append((row, reading.entry))
        self._number_and_flag(fresh)
        while len(self._rows) >= CHUNK:
            self._write(CHUNK)

    def _can_be_named(self, reading: Reading) -> bool:
        try:
            check_ref(reading.entry.id)
        except RefusedError as err:
            self.refuse(Refusal(line=reading.line, reason=_plain(err)), rows=reading.rows)
            return False
        return True

    def _row(self, reading: Reading, known: Mapping[str, Known], staged: Mapping[str, bytes | None]) -> _Fresh | None:
        """The row for one entry; None when the list or the change set has it already."""
        entry = reading.entry
        body = None if entry.withdrawn is not None else Body.of(entry, self._schemes)
        after = None if body is None else body.fingerprint
        if entry.id in staged:
            if staged[entry.id] != after:
                raise RefusedError("an earlier line says something else of the same entry")
            self.counts["duplicates"] += 1
            return None
        there = known.get(entry.id)
        found: Difference = compare(entry, body, there, restore=self._restore)
        if found.step is None:
            self.counts["unchanged"] += 1
            return None
        was = None
        if there is not None:
            category = [there.category.scheme, there.category.code] if there.category else None
            was = {"category": category, "opinion": there.opinion.value}
        return _Fresh(found.step, found.what, there.content if there else None, after, was, body.text if body else None)

    def _number_and_flag(self, fresh: Sequence[tuple[_Fresh, Entry]]) -> None:
        matching = [entry.signals if row.body is not None and self._matches(entry) else () for row, entry in fresh]
        for (row, entry), flag in zip(fresh, self._guards.flags(matching), strict=True):
            self._rows.append(
                Row(no=self._number, ref=entry.id, step=row.step, what=row.what, before=row.before, after=row.after,
                    was=row.was, body=row.body, flag=flag)
            )  # fmt: skip
            self._number += 1
            self.counts[row.step.value] += 1
            if row.step is Step.CHANGE:
                self.counts[f"changed {row.what}"] += 1
            if flag:
                self.counts[flag.partition(":")[0]] += 1

    def _matches(self, entry: Entry) -> bool:
        """Whether a lookup would report the entry; asked once for each category and opinion."""
        key = (entry.category, entry.opinion)
        if key not in self._states:
            self._states[key] = disposition(entry, self._schemes)
        return self._states[key] is Disposition.MATCH

    def _write(self, count: int) -> None:
        if not count:
            return
        chunk, self._rows = self._rows[:count], self._rows[count:]
        with self._store.write() as conn:
            staging_records.add_rows(conn, self._changeset.id, chunk)
            staging_records.change(conn, self._changeset.id, touched=self._clock())
        self.marks += chunk_mark(chunk)


def chunk_mark(rows: Sequence[Row]) -> bytes:
    """The digest of a chunk of rows, 32 bytes. No column holds a control character, so nothing runs together."""
    whole = sha256()
    for row in rows:
        parts = (
            str(row.no), row.ref, row.step.value, row.what, (row.before or b"").hex(), (row.after or b"").hex(),
            _json(row.was), row.body or "", row.flag,
        )  # fmt: skip
        whole.update("\0".join(parts).encode("utf-8", "surrogatepass") + b"\1")
    return whole.digest()


def changeset_digest(changeset: ChangeSet) -> bytes:
    """What a second person agrees to: the list, what is to happen to it, the counts and the digests of all chunks."""
    told = {
        "id": changeset.id, "list": changeset.list_id, "kind": changeset.kind, "target": changeset.target,
        "counts": dict(changeset.counts), "revision": changeset.revision, "marks": changeset.marks.hex(),
    }  # fmt: skip
    return sha256(b"rempart-changes\0" + _json(told).encode()).digest()


def _json(value: Any) -> str:
    return "" if value is None else str(Json().process_bind_param(value, None))  # type: ignore[arg-type]


def _plain(err: RefusedError) -> str:
    text = err.message[:1].lower() + err.message[1:].rstrip(".")
    return f"{text} ({err.hint.rstrip('.')})" if err.hint else text


def hand_made(entries: Sequence[Entry]) -> list[Reading]:
    """Entries that came by hand, numbered as lines from 1."""
    return [Reading(entry=entry, line=number) for number, entry in enumerate(entries, 1)]
