"""The mark that is read once a case is opened over sealed bytes: which picture that was stamped here it leads to."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from checking import Checking, checking
from duties import run_due
from originfiles import generated as generated_file
from originfiles import labelled
from pictures import encode, jpeg, scene
from rempart.cases.erasure import forget_item
from rempart.cases.marks import MARK
from rempart.clock import utc_now
from rempart.evidence.vault import records as vault_records
from rempart.intake.generator.records import generated
from rempart.intake.marks import MarkReader
from rempart.items.records import items, marks
from rempart.people.principal import SYSTEM
from rempart.provenance import examining, looking
from rempart.provenance.carried import unpacked
from rempart.provenance.origin.trust import Trust
from rempart.provenance.watermark.embedding import embedded
from rempart.provenance.watermark.pattern import Pattern
from rempart.signals.digests import digest_bytes
from rempart.signals.outcome import Limits
from rempart.signals.pool import WorkerPool
from rempart.store.engine import Store
from rempart.store.jobs import jobs
from serving import add_list

RECORD = 0x0A0B0C0D0E0F


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(workers=1, task=examining.TASK) as made:
        yield made


@pytest.fixture(scope="module")
def drawers() -> Iterator[WorkerPool]:
    with looking.reading_pool(limits=Limits(seconds=20)) as made:
        yield made


@dataclass
class House:
    """A service whose lists hold what is asked about, and the job that reads marks."""

    check: Checking
    reader: MarkReader

    def case_of(self, data: bytes, name: str = "a") -> items.Item:
        digest = digest_bytes(data).sha256
        add_list(self.check.store, f"known {digest.hex()}", [digest])
        self.check.lists.catch_up()
        assert self.check.ask(name, content=data).case
        return self.item(name)

    def item(self, name: str = "a") -> items.Item:
        with self.check.store.read() as conn:
            return items.find(conn, "forum", name)

    def read(self) -> int:
        return run_due(self.check.store, {MARK: self.reader})

    def found(self, item: items.Item) -> marks.MarkRow | None:
        with self.check.store.read() as conn:
            return marks.of_object(conn, item.id, item.object)

    @property
    def pattern(self) -> Pattern:
        return Pattern(self.check.vault.keyring.mark_keys()[0])

    def stamped(self, seed: int, quality: int = 80) -> bytes:
        """A picture with our mark, of which there is a record, posted again without any label."""
        pixels = embedded(scene(seed, 900, 600), RECORD, self.pattern)
        with self.check.store.write() as conn:
            row = generated.GeneratedRow(
                record=RECORD, at=utc_now(), by="key_1", media_type="image/png", sha256=bytes(32), edited=False,
                marked=True, pdq=None, manifest=None, manifest_digest=None, gate=None,
            )  # fmt: skip
            generated.add(conn, row)
        return encode(pixels, "JPEG", quality=quality)


@pytest.fixture
def house(store: Store, tmp_path: Path, pool: WorkerPool, drawers: WorkerPool) -> Iterator[House]:
    with checking(store, tmp_path, pool) as made:
        reader = MarkReader(store, vault=made.vault, pool=drawers, trust=Trust.shipped(), clock=utc_now)
        yield House(made, reader)


def test_a_stamped_picture_that_was_posted_again_without_its_label_is_recognised(house: House):
    item = house.case_of(house.stamped(1))
    assert unpacked(item.origin).declaration == "none"
    assert house.found(item) is None
    assert house.read() == 1
    found = house.found(item)
    assert (found.outcome, found.record) == ("found", RECORD)
    assert [(one["record"], one["by"]) for one in found.recognised] == [(f"{RECORD:012x}", ["watermark"])]
    with house.check.store.read() as conn:
        touched = vault_records.custody_of(conn, item.object)
    assert (SYSTEM.pseudonym, "mark") in [(one.who, one.why) for one in touched]


def test_a_picture_without_a_mark_has_none_and_nobody_is_recognised(house: House):
    item = house.case_of(jpeg(2))
    house.read()
    found = house.found(item)
    assert (found.outcome, found.record, found.recognised) == ("none", None, [])


def test_a_picture_too_small_for_a_mark_is_told_apart_from_one_that_could_not_be_read(house: House):
    item = house.case_of(encode(scene(9, 60, 48)))
    house.read()
    found = house.found(item)
    assert (found.outcome, found.record, found.recognised) == ("small", None, [])


def test_a_mark_without_a_record_is_found_and_leads_nowhere(house: House):
    item = house.case_of(encode(embedded(scene(3, 900, 600), 77, house.pattern), "PNG"))
    house.read()
    found = house.found(item)
    assert (found.outcome, found.record, found.recognised) == ("found", 77, [])


def test_what_is_read_of_other_bytes_says_nothing_of_these(house: House):
    item = house.case_of(jpeg(4))
    house.read()
    assert house.found(item) is not None
    later = house.case_of(jpeg(5))
    assert later.id == item.id
    assert house.found(later) is None
    house.read()
    assert house.found(later).object == later.object


def test_the_job_reads_the_origin_anew_for_what_was_checked_before_origins_were_read(house: House):
    item = house.case_of(labelled(6))
    with house.check.store.write() as conn:
        items.change(conn, item.id, origin=None)
    house.read()
    assert unpacked(house.item().origin).declaration == "ai_made"


def test_bytes_that_are_gone_or_no_picture_are_unread_and_the_job_is_over(house: House):
    gone, text = house.case_of(jpeg(7), "gone"), house.case_of(b"a letter", "text")
    with house.check.store.write() as conn:
        house.check.vault.destroy(conn, gone.object, reason="test", by=SYSTEM)
    assert house.read() == 2
    assert house.found(text).outcome == "unread"
    assert house.found(gone) is None or house.found(gone).outcome == "unread"
    with house.check.store.read() as conn:
        assert set(conn.execute(select(jobs.c.state).where(jobs.c.kind == MARK)).scalars()) == {"done"}


def test_an_item_that_was_forgotten_leaves_no_reading(house: House):
    item = house.case_of(generated_file(8))
    house.read()
    with house.check.store.write() as conn:
        forget_item(conn, item.id)
    assert house.item() is None
    assert house.found(item) is None


def test_signals_alone_ask_for_no_reading(house: House):
    add_list(house.check.store, "known", [digest_bytes(jpeg(10)).sha256])
    house.check.lists.catch_up()
    assert house.check.ask(signals=(digest_bytes(jpeg(10)).sha256,)).case
    assert house.read() == 0
