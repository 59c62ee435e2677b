"""What a list entry needs of the bytes, taken when somebody answers that they belong on a list: once they are taken
down their service may delete the item, and its signals go with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from rempart.cases.records import cases as records
from rempart.cases.records import tasks
from rempart.cases.records.assessments import AssessmentRow
from rempart.cases.records.cases import Case
from rempart.cases.records.outcomes import OutcomeRow
from rempart.cases.records.tasks import TaskRow
from rempart.items.records import items, signals
from rempart.items.records.signals import ItemSignal
from rempart.lists.entry import Category, Entry, EntrySignal, derived_id
from rempart.signals.values import PdqHash, Sha256
from rempart.store.ids import new_id

WANTED = "wanted"
"""The state of a task that somebody asked for and nobody seconded yet; nobody is shown it."""
_OF_THE_PICTURE = frozenset({"canonical", "given"})
"""Probes of the picture itself; the others are of its crops and turns."""


def wanted_entry(conn: Connection, case: Case, row: AssessmentRow, outcome: OutcomeRow, *, at: datetime) -> None:
    """Keep what the entry would hold, until it is decided whether it enters the list."""
    facts = {
        "list": row.list_id, "scheme": row.scheme, "code": row.code, "signals": _signals(conn, case),
        "assessment": row.id,
    }  # fmt: skip
    task = TaskRow(
        id=new_id("task"), case_id=case.id, round=case.round, outcome=outcome.id, kind="add_to_list", state=WANTED,
        facts=facts, created=at, settled=None, why=None,
    )  # fmt: skip
    tasks.add(conn, task)


def entry_of(facts: Mapping[str, Any], *, added: datetime) -> Entry | None:
    """The entry that a task holds; None when nothing was known of the bytes."""
    kinds = {"sha256": Sha256, "pdq": PdqHash}
    found = tuple(
        EntrySignal(signal=kinds[kind](bytes.fromhex(value)), recipe=recipe, quality=quality)
        for kind, value, recipe, quality in facts["signals"]
    )
    if not found:
        return None
    category = Category(scheme=facts["scheme"], code=facts["code"])
    return Entry(id=derived_id(found[0].signal), signals=found, category=category, added=added)


def _signals(conn: Connection, case: Case) -> list[list[Any]]:
    """The SHA-256 of the bytes and the perceptual hash of the picture, by kind, value, recipe and quality."""
    cluster = records.cluster_of(conn, case.id) or b""
    found: dict[bytes, list[Any]] = {}
    for number in records.items_of(conn, case.id):
        item = items.hosted(conn, number)
        if item is None or item.sha256 not in (cluster, None):
            continue
        if item.sha256 is not None:
            found[item.sha256] = ["sha256", item.sha256.hex(), None, None]
        for one in of_picture(signals.of(conn, number)):
            found[bytes(one.signal)] = [one.signal.kind.value, bytes(one.signal).hex(), one.recipe, one.quality]
        if any(kind == "pdq" for kind, *_ in found.values()):
            break
    return sorted(found.values(), key=lambda one: (one[0] != "sha256", one[1]))


def of_picture(kept: Iterable[ItemSignal]) -> Iterable[ItemSignal]:
    """Those of an item's signals that are of the whole picture as it is: its SHA-256 and its perceptual hash."""
    for one in kept:
        if isinstance(one.signal, Sha256) or (isinstance(one.signal, PdqHash) and one.probe in _OF_THE_PICTURE):
            yield one
