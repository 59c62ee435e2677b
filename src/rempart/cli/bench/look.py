"""`rempart bench look`: how long a picture of 12 megapixels takes from a grant to the bytes that a browser is sent."""

from __future__ import annotations

import io
import json
import secrets
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from rempart.cases.care.teams import team
from rempart.cases.opening import CaseItem, open_case
from rempart.cases.sight import grants
from rempart.cases.sight.evidence import evidence_of
from rempart.cases.sight.grants import Asked
from rempart.cases.work import claims, settings
from rempart.cli.bench.cputime import cpu_seconds
from rempart.cli.bench.tables import Table
from rempart.cli.newfolder import NewFolder, make_database
from rempart.items.records import items
from rempart.people import persons
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE, SYSTEM, Principal
from rempart.server.runtime import Runtime
from rempart.server.service import Service
from rempart.settings import read_settings
from rempart.signals.derivatives import Step
from rempart.signals.digests import digest_bytes
from rempart.signals.scenes import scene

_SIZE = (4000, 3000)
_ITEM = 1
_SCENE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One step: wall times of granting it and of its picture, opened, drawn and noted; CPU of the picture over both
    processes; the answer's size."""

    step: str
    grant_ms: float
    picture_ms: float
    slowest_ms: float
    cpu_ms: float
    kilobytes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """What one look took, in seconds, and gave, in bytes."""

    grant: float
    picture: float
    cpu: float
    size: int


def measure(folder: Path, *, rounds: int) -> tuple[Figure, ...]:
    """Each step so many times, by turns, after one of each that is not counted."""
    NewFolder(folder).make("", filled=make_database, ledger_name="benchmark/ledger")
    with Runtime(read_settings(folder, environ={})) as runtime:
        service = runtime.service
        case, who = _case(service, _photo())
        taken: dict[Step, list[_Taken]] = {step: [] for step in Step}
        for round_ in range(rounds + 1):
            for step in Step:
                one = _look(service, case, who, step)
                if round_:
                    taken[step].append(one)
        return tuple(_figure(step, times) for step, times in taken.items())


def _photo() -> bytes:
    stream = io.BytesIO()
    scene(_SCENE, _SIZE).save(stream, "JPEG", quality=88)
    return stream.getvalue()


def _case(service: Service, content: bytes) -> tuple[str, Principal]:
    """An open case with one sealed picture, claimed by a reviewer whose budget is wide."""
    sealed, digest, at = service.vault.seal(content), bytes(digest_bytes(content).sha256), service.clock()
    with service.store.write() as conn:
        settings.put(conn, {"budgets": {"reveals_per_day": 10_000, "seconds_per_day": 86_400}}, by=CONSOLE, at=at)
        person = persons.add(
            conn, name="bench", roles=[Role.REVIEWER], by=CONSOLE, at=at, random=secrets.token_bytes
        )  # fmt: skip
        case = open_case(
            conn, item=CaseItem(id=_ITEM, service="bench", sha256=digest), matches=[], kind="unchecked",
            queue="bench", assessors=1, reason="bench", policy_version=1, by=SYSTEM, at=at,
        )  # fmt: skip
        held = service.vault.record(
            conn, sealed, item=f"item:{_ITEM}", basis="case", reference=case, media_type="image/jpeg", by=SYSTEM
        )
        items.add(conn, [{**_item(digest, held, len(content)), "created": at, "checked": at}])
        who = Principal(
            kind="person", id=person.id, pseudonym=person.pseudonym, roles=person.roles, session="session_bench"
        )
        claims.claim(conn, case, who, at=at)
    return case, who


def _item(digest: bytes, held: str, size: int) -> Mapping[str, object]:
    return {
        "id": _ITEM, "service": "bench", "item_id": "photo", "uploader": None, "url": None, "published": None,
        "context": {}, "sha256": digest, "media_type": "image/jpeg", "size": size, "verdict": "hold",
        "decided": None, "request": "check_bench", "object": held, "gone": None,
    }  # fmt: skip


def _look(service: Service, case: str, who: Principal, step: Step) -> _Taken:
    started = time.perf_counter()
    with service.store.write() as conn:
        rules = team(conn)
        granted = grants.grant(
            conn, case, Asked(item=_ITEM, step=step), evidence=evidence_of(conn, _ITEM, vault=service.vault),
            who=who, limits=rules.limits, reveal_seconds=rules.reveal_seconds, at=service.clock(),
        )  # fmt: skip
    granted_at, cpu = time.perf_counter(), cpu_seconds()
    shown = service.sight.picture(case, granted.id, who=who)
    done, cpu = time.perf_counter(), cpu_seconds() - cpu
    with service.store.write() as conn:
        grants.cover(conn, who=who, at=service.clock())
    return _Taken(grant=granted_at - started, picture=done - granted_at, cpu=cpu, size=len(shown.data))


def _figure(step: Step, times: Sequence[_Taken]) -> Figure:
    pictures = [1000 * one.picture for one in times]
    return Figure(
        step=step.value, grant_ms=1000 * statistics.median(one.grant for one in times),
        picture_ms=statistics.median(pictures), slowest_ms=max(pictures),
        cpu_ms=1000 * statistics.median(one.cpu for one in times), kilobytes=times[0].size / 1000,
    )  # fmt: skip


@click.command()
@click.option("--rounds", type=click.IntRange(min=1), default=15, show_default=True, help="How often each step.")
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
def command(rounds: int, as_json: bool) -> int:
    """What a look costs: a sealed JPEG of 12 megapixels, opened, drawn in a worker, with ledger and commits."""
    with tempfile.TemporaryDirectory(prefix="rempart-bench-") as home:
        figures = measure(Path(home) / "data", rounds=rounds)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in figures]))
        return 0
    head = ("step", "grant ms", "picture ms", "slowest ms", "CPU ms", "kB")
    rows = [(one.step, one.grant_ms, one.picture_ms, one.slowest_ms, one.cpu_ms, one.kilobytes) for one in figures]
    click.echo(Table(title="a look at 12 megapixels", head=head, rows=rows).as_text())
    return 0
