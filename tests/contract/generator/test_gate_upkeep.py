"""What the gate forgets by itself."""

from datetime import timedelta

from sqlalchemy import func, select

from checking import SERVICE
from rempart.clock import utc_now
from rempart.intake.generator import tries
from rempart.intake.generator.records import gate as records
from rempart.intake.generator.tries import TryLimits
from rempart.intake.generator.upkeep import OUTPUTS_KEPT, REFERENCES_KEPT, forget_some
from rempart.intake.generator.values import Check, GateRecord, Passage
from rempart.store.engine import Store
from rempart.store.workers import Worker


def record(name: str, passage: Passage, at) -> GateRecord:
    return GateRecord(
        id=f"gate_{name}", passage=passage, service=SERVICE, at=at, lists=1, protected=2, policy=3,
        checks=(Check.LISTS,),
    )  # fmt: skip


def names(store: Store) -> set[str]:
    with store.read() as conn:
        return set(conn.execute(select(records.gate_records.c.id)).scalars())


def test_records_go_when_nothing_asks_for_them_any_more(store: Store):
    now = store.clock()
    with store.write() as conn:
        for passage, kept in ((Passage.REFERENCE, REFERENCES_KEPT), (Passage.OUTPUT, OUTPUTS_KEPT)):
            records.add(conn, record(f"old{passage}", passage, now - kept - timedelta(minutes=1)))
            records.add(conn, record(f"new{passage}", passage, now - kept + timedelta(minutes=1)))
    with Worker(store) as worker:
        assert forget_some(store, worker) == 1
        assert forget_some(store, worker) == 0
    assert names(store) == {"gate_newreference", "gate_newoutput"}


def test_who_tried_is_forgotten_after_two_days(store: Store):
    subject, now = tries.subject_of(SERVICE, "u1"), utc_now()
    with store.write() as conn:
        tries.tried(conn, subject, limits=TryLimits(), at=now - timedelta(days=3))
        tries.refused(conn, subject, at=now - timedelta(days=3))
        tries.tried(conn, subject, limits=TryLimits(), at=now)
    with Worker(store) as worker:
        assert forget_some(store, worker) == 2
    with store.read() as conn:
        assert conn.execute(select(func.count()).select_from(records.gate_tries)).scalar_one() == 1


def test_nobody_is_told_from_a_service_and_a_name_that_run_together():
    pairs = [("a", "bc"), ("ab", "c"), ("a", None), ("a", ""), ("a\0b", "c"), ("b", "bc")]
    assert len({tries.subject_of(*one) for one in pairs}) == len(pairs)
