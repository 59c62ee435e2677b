"""The gate when something goes wrong, when many ask at once, and after people have looked."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select

from checking import ASKER, SERVICE
from gatekeeping import Gatehouse, gatehouse
from judging import NO, REMOVE, answered, no_window, settler
from pictures import jpeg
from rempart.cases.records.cases import cases
from rempart.errors import KeyServiceUnavailableError, TooManyRequestsError, UnavailableError
from rempart.evidence.vault import records as vault_records
from rempart.intake.generator.gating import HELD, REFUSED
from rempart.intake.generator.protection import withdraw
from rempart.intake.generator.records import gate as records
from rempart.intake.generator.tries import TryLimits
from rempart.intake.generator.values import Check
from rempart.items.records.items import items
from rempart.lists.entry import Opinion
from rempart.lists.lookup import ListMatch
from rempart.lists.parts.values import Looked
from rempart.people.principal import CONSOLE
from rempart.policy.facts import Verdict
from rempart.signals.digests import digest_bytes
from rempart.signals.outcome import Outcome
from rempart.signals.pool import WorkerPool
from rempart.signals.values import SignalKind
from rempart.store.engine import Store
from serving import add_list


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(workers=2) as made:
        yield made


@pytest.fixture
def gate(store: Store, tmp_path: Path, pool: WorkerPool) -> Iterator[Gatehouse]:
    with gatehouse(store, tmp_path, pool) as made:
        yield made


def listed(gate: Gatehouse, data: bytes, name: str = "known") -> None:
    add_list(gate.store, name, [digest_bytes(data).sha256])
    gate.checking.lists.catch_up()


def count(store: Store, table) -> int:
    with store.read() as conn:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()


def only_case(store: Store):
    with store.read() as conn:
        return conn.execute(select(cases)).one()


def test_many_tries_at_once_are_counted_one_by_one(store, tmp_path, pool):
    with gatehouse(store, tmp_path, pool, limits=TryLimits(an_hour=5, refused_a_day=100)) as gate:
        together = threading.Barrier(12)

        def ask(_) -> str:
            together.wait(30)
            try:
                return gate.bring(jpeg(1)).verdict
            except TooManyRequestsError:
                return "too many"

        with ThreadPoolExecutor(12) as threads:
            told = list(threads.map(ask, range(12)))
    assert sorted(told) == [Verdict.ALLOW] * 5 + ["too many"] * 7


def test_a_photo_withdrawn_while_it_is_looked_at_is_looked_at_again(gate: Gatehouse, monkeypatch):
    photo = gate.protect(jpeg(1))
    withdraw(gate.store, photo.id, by=CONSOLE, at=gate.store.clock())
    seen, add = [], gate.photos.holds

    def holds(asked):
        found = add(asked)
        if not seen:
            gate.protect(jpeg(1))
        seen.append(found)
        return found

    monkeypatch.setattr(gate.photos, "holds", holds)
    assert gate.bring(jpeg(1)) == REFUSED
    assert seen[0] is False
    assert seen[-1] is True


def test_evidence_that_cannot_be_sealed_lets_nothing_pass(gate: Gatehouse, monkeypatch):
    listed(gate, jpeg(1))

    def away(*_, **__):
        raise KeyServiceUnavailableError

    monkeypatch.setattr(gate.checking.vault, "seal", away)
    with pytest.raises(UnavailableError):
        gate.bring(jpeg(1))
    assert count(gate.store, records.gate_records) == count(gate.store, cases) == 0


def test_lists_that_change_all_the_time_let_nothing_pass(gate: Gatehouse, monkeypatch):
    number = iter(range(100))
    look = gate.photos.holds

    def holds(asked):
        add_list(gate.store, f"more-{next(number)}", [digest_bytes(b"%d" % next(number)).sha256])
        return look(asked)

    monkeypatch.setattr(gate.photos, "holds", holds)
    with pytest.raises(UnavailableError, match="too fast"):
        gate.bring(jpeg(1))
    assert count(gate.store, records.gate_records) == 0


def test_an_output_checker_is_asked_once_however_often_it_is_looked_up(gate: Gatehouse):
    asked = []

    def passes() -> bool:
        asked.append(None)
        if len(asked) == 1:
            gate.protect(jpeg(7))
        return True

    told = gate.take_out(jpeg(5), passes=passes)
    assert (told.verdict, len(asked)) == (Verdict.ALLOW, 1)
    assert told.record.checks[-1] is Check.OUTPUT_CHECKER


def test_an_output_checker_that_breaks_lets_nothing_pass(gate: Gatehouse):
    def passes() -> bool:
        raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        gate.take_out(jpeg(5), passes=passes)
    assert count(gate.store, records.gate_records) == 0
    assert gate.take_out(jpeg(5), passes=lambda: False) == HELD


@pytest.mark.parametrize("decision", [NO, REMOVE])
def test_after_people_have_looked_nothing_of_a_reference_stays(gate: Gatehouse, decision):
    listed(gate, jpeg(1))
    assert gate.bring(jpeg(1)) == REFUSED
    no_window(gate.store)
    answered(gate.store, only_case(gate.store).id, decision)
    with settler(gate.store, gate.checking.vault) as run:
        run()
    assert only_case(gate.store).state != "open"
    assert count(gate.store, items) == 0
    with gate.store.read() as conn:
        now = gate.store.clock()
        due = vault_records.due(conn, now=now, seen_before=now, limit=9)
        kept = set(conn.execute(select(vault_records.objects.c.id)).scalars())
    assert len(kept) == 1
    assert set(due) == kept


def test_one_photo_brought_often_is_one_case(gate: Gatehouse):
    listed(gate, jpeg(1))
    assert [gate.bring(jpeg(1), end_user=f"u{n}") for n in range(3)] == [REFUSED] * 3
    assert (count(gate.store, cases), count(gate.store, items)) == (1, 3)


class Parts:
    """What looks for parts, with an answer told beforehand."""

    def __init__(self, looked: Looked) -> None:
        self.looked = looked

    def find(self, content: bytes) -> Looked:
        return self.looked

    def still(self, matches):
        return matches


def test_a_photo_that_shows_part_of_a_listed_one_is_refused(gate: Gatehouse):
    match = ListMatch(
        list="known", ref="e1", signal_kind=SignalKind.PDQ, distance=0, probe="part", scheme="listed", code="listed",
        opinion=Opinion.POSITIVE, facet=None, list_id="list_1", mode="blocking", entry_id=None,
    )  # fmt: skip
    gate.checking.ruler.parts = Parts(Looked(matches=(match,)))
    told = gate.gate.look(passing(gate, jpeg(1)).prepared(parts=gate.checking.checker.parts_of(jpeg(1), seen(gate))))
    assert told.cause is not None


def test_where_parts_cannot_be_looked_for_nothing_passes_and_elsewhere_the_record_says_so(gate: Gatehouse):
    gate.checking.ruler.parts = Parts(Looked())
    assert gate.bring(jpeg(1)).record.checks == (Check.LISTS, Check.PARTIAL, Check.PROTECTED)
    gate.checking.ruler.parts = Parts(Looked(outcome=Outcome.TIMED_OUT))
    assert gate.bring(jpeg(1)) == REFUSED


def seen(gate: Gatehouse):
    return gate.checking.checker.examined_now(jpeg(1))


def passing(gate: Gatehouse, data: bytes):
    from rempart.intake.generator.gating import Passing
    from rempart.intake.generator.values import Passage

    return Passing(passage=Passage.REFERENCE, by=ASKER, service=SERVICE, content=data, seen=seen(gate))
