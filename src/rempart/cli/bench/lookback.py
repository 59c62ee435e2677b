"""`rempart bench lookback`: a notice's fingerprint over items that are hosted already, until its case is open."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import numpy as np
from sqlalchemy import func, select, text

from rempart.cases.lookback import LOOKBACK, LookBack
from rempart.cases.records import cases
from rempart.cli.bench.tables import Table
from rempart.errors import RefusedError
from rempart.intake.notices import seeds
from rempart.intake.notices.values import Track
from rempart.items.lookback import ItemIndex
from rempart.items.records import checks, items, signals
from rempart.lists.entry import EntrySignal
from rempart.lists.live import LiveLists
from rempart.policy.versions import PolicyStore, ensure_first
from rempart.signals.values import PdqHash, Sha256, Signal
from rempart.store.bulk import insert_many
from rempart.store.counters import next_number
from rempart.store.engine import Store
from rempart.store.jobs import JobRunner
from rempart.store.migrate import upgrade
from rempart.store.workers import Worker

_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_AT_ONCE = 4_000
_RADIUS = 31
_FRAMES = 200
_RECIPE = "srgb8-full-v1"
_COPIES = 3
"""Items with the same bytes as the one that a notice is about, itself among them."""


_PHOTO = "a photo: one digest, one hash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One kind of change: from its commit until what follows is committed, and the processor time that it took.

    `cases` is how many are open afterwards because of it, on average.
    """

    change: str
    p50_ms: float
    p95_ms: float
    cpu_ms: float
    cases: float


@dataclass(frozen=True, slots=True)
class Hosted:
    """What was hosted before anybody gave notice: the keys of the items, in the order of their numbers."""

    pdq: np.ndarray[Any, np.dtype[np.uint8]]
    sha256: np.ndarray[Any, np.dtype[np.uint8]]


@click.command(name="lookback")
@click.option("--items", "count", type=click.IntRange(min=1_000), default=1_000_000, show_default=True)
@click.option("--probes", type=click.IntRange(1, 32), default=1, show_default=True, help="PDQ hashes of each item.")
@click.option("--url", metavar="URL", help="An empty Postgres database, which is filled; else SQLite in a new folder.")
@click.option("--rounds", type=click.IntRange(min=3), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(count: int, probes: int, url: str | None, rounds: int, as_json: bool) -> int:
    """How long after a notice the copies of its picture that are hosted already stand in a case.

    From the commit of the notice's seed to that of the case, the job's own claim included; a server looks for jobs at
    least twice a second. Hashes are random, so that only what is meant to match does.
    """
    with _site(url) as (store, folder):
        started = time.perf_counter()
        hosted = _fill(store, count, probes)
        filled = time.perf_counter() - started
        timed, opened = _measured(store, folder, hosted, rounds)
    if as_json:
        told = {"items": count, "probes": probes, "database": store.dialect, "filled_s": filled, "index_s": opened}
        click.echo(json.dumps(told | {"timed": [asdict(one) for one in timed]}))
        return 0
    rows = [(one.change, one.p50_ms, one.p95_ms, one.cpu_ms, one.cases) for one in timed]
    head = ("change", "p50, ms", "p95, ms", "CPU, ms", "cases")
    title = f"Look-back over {count:,} items with {probes + 1} signals each, {store.dialect}"
    click.echo(Table(title=title, head=head, rows=rows).as_text())
    return 0


@contextmanager
def _site(url: str | None) -> Iterator[tuple[Store, Path]]:
    with tempfile.TemporaryDirectory(prefix="rempart-bench-") as home:
        with Store.open(url or f"sqlite:///{home}/rempart.db") as store:
            upgrade(store)
            with store.write() as conn:
                if conn.execute(select(items.items.c.id).limit(1)).first() is not None:
                    raise RefusedError("There are items in this database.", hint="Name an empty one.")
                ensure_first(conn, at=_NOON)
            yield store, Path(home)


def _fill(store: Store, count: int, probes: int) -> Hosted:
    """Items with random bytes and hashes; the first of each thousand has copies of the same bytes."""
    drawn = np.random.default_rng(11)
    pdq = drawn.integers(0, 256, (count, 32), np.uint8)
    sha256 = drawn.integers(0, 256, (count, 32), np.uint8)
    for first in range(0, count - _COPIES, 1_000):
        sha256[first : first + _COPIES], pdq[first : first + _COPIES] = sha256[first], pdq[first]
    for start in range(0, count, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, count))
        more = drawn.integers(0, 256, (len(numbers), probes - 1, 32), np.uint8)
        with store.write() as conn:
            change = next_number(conn, items.COUNTER)
            insert_many(conn, items.items, [_item(number, sha256[number].tobytes()) for number in numbers])
            insert_many(conn, checks.checks, [_check(number) for number in numbers])
            rows = [
                row
                for number in numbers
                for row in _signals(number, sha256[number], [pdq[number], *more[number - start]], change)
            ]
            insert_many(conn, signals.item_signals, rows)
    if store.dialect == "postgresql":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(text("VACUUM ANALYZE"))
    return Hosted(pdq, sha256)


def _item(number: int, sha256: bytes) -> Mapping[str, Any]:
    return {
        "id": number + 1, "service": "forum", "item_id": f"photo-{number}", "uploader": None, "url": None,
        "published": True, "context": {}, "sha256": sha256, "media_type": "image/jpeg", "size": 1, "verdict": "allow",
        "decided": None, "request": f"check_{number}", "object": None, "created": _NOON, "checked": _NOON, "gone": None,
    }  # fmt: skip


def _check(number: int) -> Mapping[str, Any]:
    return {
        "request": f"check_{number}", "item": number + 1, "service": "forum", "outcome": "ok", "verdict": "allow",
        "rule": "otherwise", "policy": 1, "mark": 0, "facts": None, "case_id": None, "at": _NOON,
    }  # fmt: skip


def _signals(number: int, sha256: Any, hashes: Sequence[Any], change: int) -> Iterator[Mapping[str, Any]]:
    usual = {"item": number + 1, "added": change, "removed": None}
    yield usual | {"kind": "sha256", "value": sha256.tobytes(), "probe": "exact", "recipe": None, "quality": None}
    for place, value in enumerate(hashes):
        probe = "canonical" if place == 0 else f"probe-{place}"
        yield usual | {"kind": "pdq", "value": value.tobytes(), "probe": probe, "recipe": _RECIPE, "quality": 90}


def _measured(store: Store, folder: Path, hosted: Hosted, rounds: int) -> tuple[list[Timed], float]:
    started = time.perf_counter()
    lists = LiveLists(store, folder, store.clock)
    index = ItemIndex(store, folder, store.clock, radius=_RADIUS)
    lists.open()
    index.open()
    opened = time.perf_counter() - started
    look = LookBack(
        store, index=index, lists=lists, policies=PolicyStore(), clock=store.clock, radius=_RADIUS, opened=seeds.told
    )
    count = len(hosted.pdq)
    step = max(1_000, count // (4 * rounds) // 1_000 * 1_000)
    places = iter(range(0, count - 1_000, step))
    with Worker(store) as worker:
        run = JobRunner(store, worker, {LOOKBACK: look}).run_due
        made = [
            _timed(_PHOTO, store, run, rounds, lambda n: _photo(hosted, next(places) % count)),
            _timed("a video: 200 hashes", store, run, rounds, lambda n: _video(hosted, next(places) % count, n)),
            _timed("a photo that is hosted nowhere", store, run, rounds, _unknown),
        ]
        made.append(_pulled(store, run, rounds))
    return made, opened


def _photo(hosted: Hosted, place: int) -> list[Signal]:
    """The person's own copy, hashed in the browser: some bits away from what was made here."""
    near = hosted.pdq[place].copy()
    near[:3] ^= 1
    return [Sha256(hosted.sha256[place].tobytes()), PdqHash(near.tobytes())]


def _video(hosted: Hosted, place: int, number: int) -> list[Signal]:
    return [*_photo(hosted, place), *_unknown(number, count=_FRAMES - 1)]


def _unknown(number: int, *, count: int = 1) -> list[Signal]:
    drawn = np.random.default_rng(10_000 + number)
    return [PdqHash(one.tobytes()) for one in drawn.integers(0, 256, (count, 32), np.uint8)]


def _timed(
    name: str, store: Store, run: Callable[[], object], rounds: int, signals_of: Callable[[int], list[Signal]]
) -> Timed:
    """The first round, which fills caches, is left out."""
    wall: list[float] = []
    cpu, before = 0.0, 0
    for number in range(rounds + 1):
        values = signals_of(number)
        made = [
            EntrySignal(signal=one, recipe=_RECIPE, quality=90) if isinstance(one, PdqHash) else EntrySignal(signal=one)
            for one in values
        ]
        with store.write() as conn:
            seeds.plant(conn, _notice(name, number), made, track=Track.ADULT, at=store.clock())
        spent = _until(run)
        if number:
            wall.append(spent[0])
            cpu += spent[1]
        else:
            before = _open_cases(store)
    return _summary(name, wall, cpu, (_open_cases(store) - before) / rounds)


def _pulled(store: Store, run: Callable[[], object], rounds: int) -> Timed:
    wall: list[float] = []
    cpu = 0.0
    for number in range(1, rounds + 1):
        with store.write() as conn:
            seeds.pull(conn, _notice(_PHOTO, number), at=store.clock())
        spent = _until(run)
        wall.append(spent[0])
        cpu += spent[1]
    return _summary("taken back", wall, cpu, 0)


def _notice(name: str, number: int) -> str:
    return f"notice_{len(name)}_{number}"


def _until(run: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor milliseconds until what follows is done."""
    start, cpu = time.perf_counter(), time.process_time()
    run()
    return (time.perf_counter() - start) * 1e3, (time.process_time() - cpu) * 1e3


def _summary(name: str, wall: list[float], cpu: float, opened: float) -> Timed:
    wall.sort()
    rounds = len(wall)
    return Timed(
        change=name, p50_ms=wall[rounds // 2], p95_ms=wall[int(rounds * 0.95)], cpu_ms=cpu / rounds, cases=opened
    )


def _open_cases(store: Store) -> int:
    with store.read() as conn:
        query = select(func.count()).select_from(cases.cases).where(cases.OPEN)
        return int(conn.execute(query).scalar_one())
