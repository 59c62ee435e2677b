"""Curation for tests: persons who ask and second, entries drawn from a seed, and a clock that is set."""

import io
import json
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text

from listfiles import draw
from rempart.lists import entry_records
from rempart.lists.curation import Curation
from rempart.lists.entry import Category, Entry, EntrySignal
from rempart.lists.guards import GuardKeeper
from rempart.lists.records import Mode, list_entries
from rempart.people.permissions import Role
from rempart.people.principal import Principal

LISTED = Category(scheme="listed", code="listed")


def person(name, *roles):
    return Principal(
        kind="person", id=f"person_{name}", pseudonym=f"p_{name}", roles=frozenset(roles or (Role.CURATOR,))
    )


ANNA, BERT = person("anna"), person("bert")


class SetClock:
    """Time that stands until it is moved."""

    def __init__(self):
        self.now = datetime(2026, 3, 4, 12, tzinfo=UTC)

    def __call__(self):
        return self.now

    def forward(self, **step):
        self.now += timedelta(**step)


def curation(store, *, clock=None, entered=lambda: None, **more):
    clock = clock or SetClock()
    keeper = GuardKeeper(store, monotonic=lambda: clock().timestamp())
    return Curation(store=store, guards=keeper, clock=clock, entered=entered, **more)


def entry(ref, *signals, category=LISTED, **more):
    wrapped = tuple(one if isinstance(one, EntrySignal) else EntrySignal(signal=one) for one in signals)
    return Entry(id=ref, signals=wrapped, category=category, **more)


def entries(count, *, seed=1, prefix="e"):
    signals = draw(seed)
    return [entry(f"{prefix}{n}", signals.pdq(), signals.md5()) for n in range(count)]


def count_live(conn, number):
    """The entries of a list that are not withdrawn, counted one by one."""
    own = list_entries.c.list == number, list_entries.c.withdrawn.is_(None)
    return conn.execute(select(func.count()).select_from(list_entries).where(*own)).scalar_one()


def ndjson(count, *, seed=1, prefix="e", **more):
    signals = draw(seed)
    rows = [
        {
            "hash_type": "pdq",
            "hash_value": str(signals.pdq()),
            "scheme": "listed",
            "code": "listed",
            "source_id": f"{prefix}{n}",
        }
        for n in range(count)
    ]
    return "".join(json.dumps(row | more) + "\n" for row in rows)


def stream(data):
    return io.BufferedReader(io.BytesIO(data.encode() if isinstance(data, str) else data))


def live_refs(store, made):
    with store.read() as conn:
        page = entry_records.entries_page(conn, made.number, limit=100_000, withdrawn=False)
    return {one.ref for one in page}


def live_signals(store):
    with store.read() as conn:
        return conn.execute(text("SELECT count(*) FROM entry_signals WHERE removed IS NULL")).scalar_one()


def actions(store):
    with store.read() as conn:
        rows = conn.execute(text("SELECT body FROM ledger_leaves ORDER BY id")).scalars()
        return [json.loads(bytes(body) if isinstance(body, bytes | memoryview) else body)["action"] for body in rows]


def jobs(store, kind):
    with store.read() as conn:
        found = conn.execute(text("SELECT payload FROM jobs WHERE kind = :kind ORDER BY id"), {"kind": kind}).scalars()
        return [json.loads(one) for one in found]


def blocking(curated, name="police", by=ANNA):
    return curated.create(name=name, by=by, mode=Mode.BLOCKING)
