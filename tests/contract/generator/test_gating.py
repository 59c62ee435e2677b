"""The gate on real databases: what is let through, what is refused, and what of it is kept."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import func, select

from checking import SERVICE
from gatekeeping import USER, Gatehouse, gatehouse
from pictures import encode, jpeg, scene
from rempart.cases.records.cases import cases
from rempart.errors import RefusedError, TooManyRequestsError
from rempart.evidence.ledger import records as ledger
from rempart.evidence.vault import records as vault_records
from rempart.intake.generator.gating import HELD, REFUSED
from rempart.intake.generator.protection import withdraw
from rempart.intake.generator.records import gate as records
from rempart.intake.generator.tries import TryLimits
from rempart.intake.generator.values import Check, GateRecord, Passage
from rempart.items.records import signals
from rempart.items.records.items import items as items_table
from rempart.lists.entry import EntrySignal
from rempart.lists.own import NOTICES
from rempart.lists.records import Mode
from rempart.lists.seeds import plant
from rempart.people.principal import CONSOLE
from rempart.policy.facts import Verdict
from rempart.signals.digests import digest_bytes
from rempart.signals.pool import WorkerPool
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


def count(store: Store, table) -> int:
    with store.read() as conn:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()


def listed(gate: Gatehouse, data: bytes, name: str = "known") -> None:
    """On a list, live for other processes; this one finds out by itself."""
    add_list(gate.store, name, [digest_bytes(data).sha256])


def test_a_photo_on_no_list_passes_and_nothing_of_it_is_kept(gate: Gatehouse):
    told = gate.bring(jpeg(1))
    assert told.verdict is Verdict.ALLOW
    record = told.record
    assert (record.passage, record.service, record.policy) == (Passage.REFERENCE, SERVICE, 1)
    assert record.checks == (Check.LISTS, Check.PROTECTED)
    assert [count(gate.store, one) for one in (items_table, cases, vault_records.objects)] == [0, 0, 0]
    with gate.store.read() as conn:
        kept = records.of_ids(conn, SERVICE, [record.id], since=record.at)
    assert kept == {record.id: record}
    assert digest_bytes(jpeg(1)).sha256.hex() not in str(record.document())


def test_a_listed_photo_is_refused_and_people_look_at_it(gate: Gatehouse):
    listed(gate, jpeg(1))
    assert gate.bring(jpeg(1)) == REFUSED
    with gate.store.read() as conn:
        case = conn.execute(select(cases)).one()
        item = conn.execute(select(items_table)).one()
        assert (case.state, case.queue, item.uploader) == ("open", "exact", USER)
        assert item.gone is not None
        assert signals.of(conn, item.id) == ()
        assert conn.execute(select(vault_records.objects)).one().destroyed is None
    assert count(gate.store, records.gate_records) == 0


def test_a_list_entry_that_came_a_moment_ago_already_counts(gate: Gatehouse):
    assert gate.bring(jpeg(1)).verdict is Verdict.ALLOW
    listed(gate, jpeg(1))
    assert gate.bring(jpeg(1)) == REFUSED


def test_a_protected_photo_and_its_copies_are_refused_without_a_case(gate: Gatehouse):
    gate.protect(jpeg(1))
    copy = encode(scene(1, 480, 360), quality=60)
    mirrored = encode(scene(1, 480, 360)[:, ::-1])
    assert [gate.bring(one) for one in (jpeg(1), copy, mirrored)] == [REFUSED] * 3
    assert gate.bring(jpeg(2)).verdict is Verdict.ALLOW
    assert count(gate.store, cases) == count(gate.store, items_table) == 0


def test_a_photo_protected_by_another_process_counts_at_once(gate: Gatehouse, tmp_path, pool):
    other = tmp_path / "other"
    other.mkdir()
    with gatehouse(gate.store, other, pool) as there:
        there.protect(jpeg(1))
        assert gate.bring(jpeg(1)) == REFUSED


def test_a_withdrawn_photo_is_let_through_again_and_its_hash_is_gone(gate: Gatehouse):
    photo = gate.protect(jpeg(1), service=SERVICE, reference="u7")
    assert gate.bring(jpeg(1)) == REFUSED
    withdraw(gate.store, photo.id, by=CONSOLE, at=gate.store.clock())
    assert gate.bring(jpeg(1)).verdict is Verdict.ALLOW
    with gate.store.read() as conn:
        from rempart.intake.generator.records import protected

        assert [row.value for row in conn.execute(select(protected.protected_signals))] == [b""]
        assert protected.find(conn, photo.id).reference is None


def test_a_photo_whose_hash_came_with_a_notice_is_refused_and_people_look_at_it(gate: Gatehouse):
    hashed = gate.checking.checker.examined_now(jpeg(1)).pdq
    with gate.store.write() as conn:
        plant(conn, NOTICES, [EntrySignal(signal=hashed, quality=100)], at=gate.store.clock())
    assert gate.bring(jpeg(1)) == REFUSED
    with gate.store.read() as conn:
        assert conn.execute(select(cases.c.queue)).scalars().all() == ["notices"]


def test_a_list_that_only_observes_refuses_nothing(gate: Gatehouse):
    add_list(gate.store, "observed", [digest_bytes(jpeg(1)).sha256], mode=Mode.OBSERVING)
    assert gate.bring(jpeg(1)).verdict is Verdict.ALLOW


def test_what_cannot_be_looked_at_is_refused_and_nothing_is_kept(gate: Gatehouse):
    for data in (b"no picture at all", jpeg(1)[:300], b"\x89PNG\r\n\x1a\n" + b"\0" * 50):
        assert gate.bring(data) == REFUSED
    assert count(gate.store, items_table) == count(gate.store, cases) == 0


def test_all_refusals_are_one_and_the_same_value(gate: Gatehouse):
    listed(gate, jpeg(1))
    gate.protect(jpeg(2))
    assert {gate.bring(one) for one in (jpeg(1), jpeg(2), b"no picture")} == {REFUSED}


def test_a_protected_photo_under_transparency_is_refused_like_any_other(gate: Gatehouse):
    gate.protect(encode(scene(2), "PNG"))
    clear = np.dstack([scene(2), np.zeros(scene(2).shape[:2], np.uint8)])
    assert gate.bring(encode(Image.fromarray(clear, "RGBA"), "PNG")) == REFUSED
    other = np.dstack([scene(3), np.zeros(scene(3).shape[:2], np.uint8)])
    assert gate.bring(encode(Image.fromarray(other, "RGBA"), "PNG")).verdict is Verdict.ALLOW


def test_a_reference_that_moves_is_refused_since_only_its_first_picture_was_looked_at(gate: Gatehouse):
    behind = [Image.fromarray(scene(2))]
    assert gate.bring(encode(Image.fromarray(scene(1)), "PNG")).verdict is Verdict.ALLOW
    assert gate.bring(encode(Image.fromarray(scene(1)), "PNG", save_all=True, append_images=behind)) == REFUSED


def test_an_output_names_the_references_that_it_was_made_from(gate: Gatehouse):
    first, second = gate.bring(jpeg(1)).record, gate.bring(jpeg(2)).record
    found = gate.gate.references([second.id, first.id], service=SERVICE)
    made = gate.take_out(jpeg(3), references=found).record
    assert [one.id for one in made.references] == [second.id, first.id]
    assert GateRecord.from_document(made.document()) == made
    assert made.assertion()["result"] == "allow"


@pytest.mark.parametrize("other", ["another service", "an output", "no text that a database keeps", "nothing"])
def test_a_reference_that_is_not_ours_is_refused(gate: Gatehouse, other: str):
    asked, service = gate.bring(jpeg(1)).record.id, SERVICE
    if other == "another service":
        service = "elsewhere"
    elif other == "an output":
        asked = gate.take_out(jpeg(2)).record.id
    elif other == "no text that a database keeps":
        asked += "\0"
    else:
        asked = "gate_00000000000000000000000000"
    with pytest.raises(RefusedError, match="unknown"):
        gate.gate.references([asked], service=service)


def test_a_listed_output_is_refused_and_people_look_at_it(gate: Gatehouse):
    listed(gate, jpeg(1))
    gate.checking.lists.catch_up()
    assert gate.take_out(jpeg(1), passes=lambda: pytest.fail("nobody else is asked")) == REFUSED
    with gate.store.read() as conn:
        item = conn.execute(select(items_table)).one()
    assert item.context == {"gate": "output"}


def test_the_operators_own_checker_can_hold_and_no_more(gate: Gatehouse):
    assert gate.take_out(jpeg(1), passes=lambda: False) == HELD
    passed = gate.take_out(jpeg(1), passes=lambda: True)
    assert passed.record.checks == (Check.LISTS, Check.PROTECTED, Check.OUTPUT_CHECKER)
    assert count(gate.store, cases) == 0


def test_somebody_who_was_refused_often_has_to_wait_whatever_the_cause(store, tmp_path, pool):
    limits = TryLimits(an_hour=100, refused_a_day=3)
    with gatehouse(store, tmp_path, pool, limits=limits) as gate:
        listed(gate, jpeg(1))
        gate.protect(jpeg(2))
        for data in (jpeg(1), jpeg(2), b"no picture"):
            assert gate.bring(data) == REFUSED
        with pytest.raises(TooManyRequestsError) as caught:
            gate.bring(jpeg(3))
        assert 0 < caught.value.retry_after <= 86400
        assert gate.bring(jpeg(3), end_user="u2").verdict is Verdict.ALLOW
        assert gate.bring(jpeg(3), end_user=None).verdict is Verdict.ALLOW


def test_tries_of_an_hour_are_limited_and_begin_anew(store, tmp_path, pool, monkeypatch):
    with gatehouse(store, tmp_path, pool, limits=TryLimits(an_hour=2, refused_a_day=9)) as gate:
        assert [gate.bring(jpeg(n)).verdict for n in (1, 2)] == [Verdict.ALLOW] * 2
        with pytest.raises(TooManyRequestsError):
            gate.bring(jpeg(3))
        now = store.clock()
        monkeypatch.setattr(store, "clock", lambda: now + timedelta(hours=1))
        assert gate.bring(jpeg(3)).verdict is Verdict.ALLOW


def test_the_ledger_says_what_was_answered_and_nothing_of_the_photo(gate: Gatehouse):
    gate.protect(jpeg(2))
    gate.bring(jpeg(1))
    gate.bring(jpeg(2))
    with gate.store.read() as conn:
        leaves = [row.body for row in conn.execute(select(ledger.leaves))]
    told = "".join(leaves)
    assert told.count("gate.answered") == 2
    assert '"cause":"protected"' in told
    assert USER not in told
    assert digest_bytes(jpeg(1)).sha256.hex() not in told
