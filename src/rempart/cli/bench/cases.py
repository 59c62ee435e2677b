"""`rempart bench cases`: pages, counts and the next case of a long queue, on SQLite or on a Postgres of yours."""

from __future__ import annotations

import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection, text

from rempart.cases.records import cases as records
from rempart.cases.records import work
from rempart.cases.work import claims, queue, settings
from rempart.cases.work.timeline import timeline
from rempart.cli.bench import casepages
from rempart.cli.bench.tables import Table
from rempart.cli.newfolder import NewFolder, make_database, settings_text
from rempart.errors import RefusedError
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE, Principal
from rempart.server.runtime import Runtime
from rempart.settings import read_settings
from rempart.store.bulk import insert_many
from rempart.store.engine import Store

_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_AT_ONCE = 5_000
_MATCHES = 3
_PAGES_IN = 20
PAGE_ROUNDS = 50
_RULES = {"queues": [{"name": "queue-7", "roles": ["lead"]}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One question. `cpu_ms`: of this process and, where it is on this machine, of the database's; the rest is wall."""

    question: str
    cpu_ms: float
    p50_ms: float
    p95_ms: float


@click.command(name="cases")
@click.option("--cases", "count", type=click.IntRange(min=100), default=100_000, show_default=True, help="Open cases.")
@click.option("--url", metavar="URL", help="An empty Postgres database, which is filled; else SQLite in a new folder.")
@click.option("--rounds", type=click.IntRange(min=5), default=60, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(count: int, url: str | None, rounds: int, as_json: bool) -> int:
    """Server time of the queue: pages of 50, exact counts, the next case, a case with its timeline; and of whole pages
    over HTTP, the queue's and that of a case with 500 items and 100 matches.

    The reviewer who asks is kept from one case in 500 and from one queue of eight; one case in a hundred is claimed. On
    a machine that does other work at the same time compare the processor time.
    """
    with _runtime(url) as runtime:
        store = runtime.service.store
        _fill(store, count)
        found = list(_measured(store, rounds))
        pages = casepages.measured(runtime, rounds=PAGE_ROUNDS)
    if as_json:
        told = {"cases": count, "database": store.dialect, "timed": [asdict(one) for one in found]}
        click.echo(json.dumps(told | {"pages": [asdict(one) for one in pages]}))
        return 0
    rows = [(one.question, one.cpu_ms, one.p50_ms, one.p95_ms) for one in found]
    head = ("question", "CPU, ms", "p50, ms", "p95, ms")
    click.echo(Table(title=f"A queue of {count:,} open cases, {store.dialect}", head=head, rows=rows).as_text())
    whole = [(one.page, one.cpu_ms, one.wall_ms, one.kilobytes) for one in pages]
    click.echo(Table(title="Whole pages over HTTP", head=("page", "CPU, ms", "p50, ms", "kB"), rows=whole).as_text())
    return 0


@contextmanager
def _runtime(url: str | None) -> Iterator[Runtime]:
    """A service on a data folder of its own, which nobody runs: only what is asked for happens."""
    with tempfile.TemporaryDirectory(prefix="rempart-bench-") as home:
        folder = Path(home) / "data"
        NewFolder(folder).make(settings_text(database=url or ""), filled=make_database, ledger_name="benchmark/ledger")
        with Runtime(read_settings(folder, environ={})) as runtime:
            with runtime.service.store.read() as conn:
                if conn.execute(text("SELECT 1 FROM cases LIMIT 1")).first() is not None:
                    raise RefusedError("There are cases in this database.", hint="Name an empty one.")
            yield runtime


def _fill(store: Store, count: int) -> None:
    drawn = random.Random(7)  # noqa: S311 - the same cases every time
    for start in range(0, count, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, count))
        rows = [_case(number, drawn) for number in numbers]
        with store.write() as conn:
            insert_many(conn, records.cases, rows)
            insert_many(conn, records.case_items, [one for number in numbers for one in _items(number, drawn)])
            insert_many(conn, records.case_matches, [one for number in numbers for one in _matches(number, drawn)])
            for number in numbers:
                if number % 500 == 0:
                    work.bar(conn, _id(number), [_REVIEWER.id])
    with store.write() as conn:
        settings.put(conn, _RULES, by=CONSOLE, at=_NOON)
    if store.dialect == "postgresql":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(text("VACUUM ANALYZE"))


_REVIEWER = Principal(kind="person", id="person_1", pseudonym="p-1", roles=frozenset({Role.REVIEWER}))
_LEAD = Principal(kind="person", id="person_2", pseudonym="p-2", roles=frozenset({Role.LEAD}))


def _id(number: int) -> str:
    return f"case_{number:026d}"


def _case(number: int, drawn: random.Random) -> Mapping[str, Any]:
    opened = _NOON - timedelta(seconds=drawn.randrange(7 * 86_400))
    stage = drawn.choices(("first", "second", "lead", "held"), (85, 8, 4, 3))[0]
    claimed = number % 100 == 0
    return {
        "id": _id(number), "kind": "match", "queue": f"queue-{drawn.randrange(8)}", "assessors": 2, "state": "open",
        "cluster": b"item:%d" % number, "reason": "similar-match", "policy_version": 1, "opened": opened,
        "opened_by": "system", "stage": stage, "priority": drawn.choices((0, 1, 2, 3), (0.01, 5, 85, 10))[0],
        "due": opened + timedelta(days=1), "look": drawn.choices(("none", "look"), (70, 30))[0], "round": 1,
        "danger": False, "insider": number % 5_000 == 0,
        "held_until": _NOON + timedelta(hours=9) if stage == "held" else None,
        "claimed_by": "person_3" if claimed else None,
        "claimed_until": _NOON + timedelta(minutes=9) if claimed else None,
    }  # fmt: skip


def _items(number: int, drawn: random.Random) -> Iterator[Mapping[str, Any]]:
    for place in range(drawn.choice((1, 1, 1, 2, 3))):
        yield {"case_id": _id(number), "item": number * 4 + place, "service": "forum", "added": _NOON}


def _matches(number: int, drawn: random.Random) -> Iterator[Mapping[str, Any]]:
    for _ in range(_MATCHES):
        yield {
            "case_id": _id(number), "item": number * 4, "list_id": "list_1", "list": "hotline", "mode": "blocking",
            "entry_id": number, "ref": "e", "signal_kind": "pdq", "distance": drawn.randrange(31),
            "probe": "canonical", "scheme": "vic-us", "code": "1", "opinion": "positive", "facet": None,
            "withdrawn": None,
        }  # fmt: skip


def _measured(store: Store, rounds: int) -> Iterator[Timed]:
    with store.read() as conn:
        first = queue.page(conn, _REVIEWER, at=_NOON)
        deep = first
        for _ in range(_PAGES_IN):
            deep = queue.page(conn, _REVIEWER, at=_NOON, after=deep.next)
        case_id = first.rows[0].case.id
    with store.write() as conn:
        claims.claim(conn, case_id, _REVIEWER, at=_NOON)
    asked: Sequence[tuple[str, Callable[[Connection], object]]] = (
        ("first page", lambda conn: queue.page(conn, _REVIEWER, at=_NOON)),
        ("first page, as a lead", lambda conn: queue.page(conn, _LEAD, at=_NOON)),
        ("one queue", lambda conn: queue.page(conn, _REVIEWER, at=_NOON, queue="queue-3")),
        ("no look needed", lambda conn: queue.page(conn, _REVIEWER, at=_NOON, look="none")),
        (f"page {_PAGES_IN + 1}", lambda conn: queue.page(conn, _REVIEWER, at=_NOON, after=deep.next)),
        ("on hold", lambda conn: queue.page(conn, _REVIEWER, at=_NOON, held=True)),
        ("exact counts alone", lambda conn: queue.counts(conn, _REVIEWER)),
        ("the next case", lambda conn: queue.next_for(conn, _REVIEWER, at=_NOON)),
        ("a case and its matches", lambda conn: _facts(conn, case_id)),
        ("its timeline", lambda conn: timeline(conn, case_id, _REVIEWER)),
    )
    for name, ask in asked:
        yield _timed(store, name, ask, rounds)


def _facts(conn: Connection, case_id: str) -> object:
    case = queue.visible(conn, case_id, _REVIEWER)
    return case, records.items_of(conn, case_id), records.matches_of(conn, case_id), work.notes_of(conn, case_id)


def _timed(store: Store, name: str, ask: Callable[[Connection], object], rounds: int) -> Timed:
    """The first round, which fills caches, is left out."""
    with store.read() as conn:
        ask(conn)
        backend = _backend(conn)
        wall: list[float] = []
        before = time.process_time() + _cpu_of(backend)
        for _ in range(rounds):
            start = time.perf_counter()
            ask(conn)
            wall.append((time.perf_counter() - start) * 1e3)
        cpu = (time.process_time() + _cpu_of(backend) - before) * 1e3 / rounds
    wall.sort()
    return Timed(question=name, cpu_ms=cpu, p50_ms=wall[rounds // 2], p95_ms=wall[int(rounds * 0.95)])


def _backend(conn: Connection) -> Path | None:
    """Where the system counts the processor time of a Postgres of this machine that serves us."""
    if conn.dialect.name != "postgresql":
        return None
    stat = Path("/proc") / str(conn.execute(text("SELECT pg_backend_pid()")).scalar_one()) / "stat"
    return stat if stat.exists() and "postgres" in stat.read_text() else None


def _cpu_of(stat: Path | None) -> float:
    if stat is None:
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
