"""Stamping from bytes to bytes, with real workers and databases: what leaves, what is written down, what is found."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from pictures import encode, scene
from rempart.clock import utc_now
from rempart.errors import CertificateError, ConflictError, NotMediaError, NotStampableError
from rempart.evidence.vault.keyring import HeldKeys, ServiceKey
from rempart.intake.generator.recognising import recognise
from rempart.intake.generator.records import generated as records
from rempart.intake.generator.stamping import Asked, Stamper, mark, references, sign, stamp
from rempart.intake.generator.values import Check, GateRecord, Passage
from rempart.provenance.stamp.certificates import make_root
from rempart.provenance.stamp.making import making_pool
from rempart.provenance.watermark.pattern import Pattern
from rempart.provenance.watermark.reading import read_any
from rempart.signals.digests import digest_bytes
from rempart.signals.outcome import Limits
from rempart.signals.pdq import pdq
from rempart.signals.pool import WorkerPool
from rempart.store.engine import Store
from stamping import assertion, credentials, opened, pixels, signing

PHOTO = scene(31, 400, 300)


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    made = making_pool(workers=1, limits=Limits())
    yield made
    made.close()


@pytest.fixture(scope="module")
def keyring() -> HeldKeys:
    import base64

    return HeldKeys(base64.b64encode(ServiceKey.new().secret).decode())


@pytest.fixture
def stamper(store: Store, pool: WorkerPool, keyring: HeldKeys) -> Stamper:
    own = signing()
    return Stamper(store=store, pool=pool, keyring=keyring, signing=lambda: own, clock=utc_now)


def seen(stamper: Stamper, data: bytes):
    """What recognises a file: its mark, its hash, its manifest."""
    there = pixels(data)
    mark = read_any(there, [Pattern(key) for key in stamper.keyring.mark_keys()], search=False)
    found = credentials(data, f"image/{opened(data).format.lower()}")
    with stamper.store.read() as conn:
        return recognise(
            conn, record=mark and mark.record, pdq=pdq(there).hash, manifests=[found.label] if found else ()
        )


def test_what_leaves_is_trusted_and_recognised_in_every_way_that_is_left(stamper: Stamper):
    gate = GateRecord(
        id="gate_1", passage=Passage.OUTPUT, service="atelier", at=utc_now(), lists=1, protected=0, policy=1,
        checks=(Check.LISTS,),
    )  # fmt: skip
    asked = Asked(system="atelier 2.1", gate=gate, references=references(1, edited=False))
    made = stamp(encode(PHOTO, "PNG"), asked=asked, stamper=stamper, by="key_1")
    found = credentials(made.data, "image/png")
    assert (found.state, found.failures, made.c2pa.state, made.c2pa.manifest) == ("Trusted", [], "trusted", found.label)
    assert assertion(found, "c2pa.soft-binding")["blocks"][0]["value"] == f"{made.record_id:012x}"
    assert assertion(found, "org.rempart.gate") == gate.assertion()
    ways = {
        "whole": made.data,
        "stripped": encode(pixels(made.data), "PNG"),
        "posted again": encode(pixels(made.data), "JPEG", quality=60),
    }
    told = {
        name: [one.by for one in seen(stamper, data) if one.record == made.record_id] for name, data in ways.items()
    }
    assert told == {
        "whole": [("watermark", "manifest", "hash")],
        "stripped": [("watermark", "hash")],
        "posted again": [("watermark", "hash")],
    }
    with stamper.store.read() as conn:
        row = records.find(conn, made.record_id)
        (again,) = recognise(conn, record=made.record_id)
    assert (row.sha256, row.by, row.marked, again.gate) == (hashlib.sha256(made.data).digest(), "key_1", True, gate)
    assert seen(stamper, encode(PHOTO, "PNG"))[0].by == ("hash",)
    assert seen(stamper, encode(scene(77, 400, 300), "PNG")) == ()


def test_a_mark_of_an_older_service_key_is_read_still(stamper: Stamper, keyring: HeldKeys):
    import base64

    made = stamp(encode(PHOTO), asked=Asked(), stamper=stamper, by="key_1")
    lines = [base64.b64encode(one).decode() for one in (ServiceKey.new().secret, keyring.active().secret)]
    rotated = replace(stamper, keyring=HeldKeys("\n".join(lines)))
    assert "watermark" in seen(rotated, encode(pixels(made.data), "PNG"))[0].by


def test_a_number_that_is_taken_is_drawn_again_and_one_taken_meanwhile_is_a_conflict(stamper: Stamper):
    numbers = iter([5, 5, 5, 6, 6])
    fixed = replace(stamper, random_record=lambda bits: next(numbers))
    first = stamp(encode(PHOTO), asked=Asked(), stamper=fixed, by="key_1")
    one = mark(encode(PHOTO), asked=Asked(), stamper=fixed)
    two = mark(encode(PHOTO), asked=Asked(), stamper=replace(fixed, random_record=lambda bits: 6))
    assert (first.record_id, one.record_id, two.record_id) == (5, 6, 6)
    sign(one, asked=Asked(), stamper=fixed, by="key_1")
    with pytest.raises(ConflictError):
        sign(two, asked=Asked(), stamper=fixed, by="key_1")


def test_a_gate_looks_the_picture_up_before_it_is_signed(stamper: Stamper):
    data = encode(PHOTO)
    one = mark(data, asked=Asked(), stamper=stamper, probe_set="default")
    assert (one.examination.sha256, len(one.examination.probes) > 1) == (digest_bytes(data).sha256, True)
    with stamper.store.read() as conn:
        assert not records.is_taken(conn, one.record_id)


def test_nothing_leaves_and_nothing_is_recorded_where_it_would_not_be_trusted(stamper: Stamper):
    foreign = signing(anchor=make_root("x", at=utc_now()).certificate)
    with pytest.raises(CertificateError):
        stamp(encode(PHOTO), asked=Asked(), stamper=replace(stamper, signing=lambda: foreign), by="key_1")
    for data, error in ((b"words", NotMediaError), (encode(PHOTO, "GIF"), NotStampableError)):
        with pytest.raises(error):
            stamp(data, asked=Asked(), stamper=stamper, by="key_1")
    with stamper.store.read() as conn:
        assert conn.execute(records.generated.select()).all() == []


def test_without_a_certificate_it_is_labelled_and_marked_and_says_that_it_is_not_signed(stamper: Stamper):
    made = stamp(encode(PHOTO), asked=Asked(edited=True), stamper=replace(stamper, signing=lambda: None), by="key_1")
    assert (made.c2pa, credentials(made.data, "image/jpeg")) == (None, None)
    assert b"compositeWithTrainedAlgorithmicMedia" in made.data
    assert [one.by for one in seen(stamper, made.data)] == [("watermark", "hash")]


def test_an_earlier_manifest_goes_and_that_is_told(stamper: Stamper):
    first = stamp(encode(PHOTO, "PNG"), asked=Asked(), stamper=stamper, by="key_1")
    second = stamp(first.data, asked=Asked(edited=True), stamper=stamper, by="key_1")
    assert second.replaced == ("c2pa", "xmp.source_type")
    assert [one.record for one in seen(stamper, second.data) if "watermark" in one.by] == [second.record_id]
    assert credentials(second.data, "image/png").state == "Trusted"


def test_many_at_once(stamper: Stamper):
    with ThreadPoolExecutor(4) as threads:
        made = list(
            threads.map(
                lambda seed: stamp(encode(scene(seed, 200, 150)), asked=Asked(), stamper=stamper, by="key_1"), range(8)
            )
        )
    assert len({one.record_id for one in made}) == 8
    assert all(one.psnr_db is not None for one in made)
