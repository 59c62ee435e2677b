"""Records of what was stamped, on real databases: written once, found by number, manifest and every near hash."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError

from rempart.intake.generator.recognising import names_of, recognise
from rempart.intake.generator.records import generated as records
from rempart.intake.generator.values import Check, GateRecord, Passage
from rempart.provenance.origin.values import Credentials, CredentialState, SoftBinding
from rempart.provenance.watermark import METHOD
from rempart.signals.values import PdqHash

AT = datetime(2026, 11, 23, tzinfo=UTC)
GATE = GateRecord(
    id="gate_1", passage=Passage.OUTPUT, service="atelier", at=AT, lists=3, protected=0, policy=1,
    checks=(Check.LISTS, Check.PROTECTED),
)  # fmt: skip


def row(record: int, *, pdq: PdqHash | None = None, **more) -> records.GeneratedRow:
    told = {
        "record": record, "at": AT, "by": "key_1", "media_type": "image/png", "sha256": bytes(32), "edited": False,
        "marked": True, "pdq": pdq, "manifest": None, "manifest_digest": None, "gate": None,
    }  # fmt: skip
    return records.GeneratedRow(**told | more)


def flipped(pdq: PdqHash, places) -> PdqHash:
    number = int.from_bytes(pdq)
    for place in places:
        number ^= 1 << place
    return PdqHash(number.to_bytes(32))


def test_a_record_answers_by_number_manifest_binding_and_hash_once_each(store):
    rng = random.Random(1)
    hashes = [PdqHash(rng.randbytes(32)) for _ in range(3)]
    with store.write() as conn:
        records.add(conn, row(2**48 - 1, pdq=hashes[0], manifest="urn:c2pa:a", gate=GATE.document()))
        records.add(conn, row(0, pdq=hashes[1]))
        records.add(conn, row(7))
    with store.read() as conn:
        assert recognise(conn) == ()
        (one,) = recognise(conn, record=2**48 - 1, pdq=hashes[0], manifests=["urn:c2pa:a", f"{2**48 - 1:012x}"])
        assert (one.record, one.by, one.distance, one.gate) == (2**48 - 1, ("watermark", "manifest", "hash"), 0, GATE)
        assert [one.by for one in recognise(conn, manifests=["000000000000"])] == [("manifest",)]
        assert recognise(conn, record=5, pdq=hashes[2], manifests=["urn:c2pa:b", "not hexadecimal"]) == ()
        # Two that answer: the one that answers in more ways comes first.
        near = flipped(hashes[0], range(5))
        told = recognise(conn, record=0, pdq=near, manifests=["urn:c2pa:a"])
        assert [(one.record, one.by, one.distance) for one in told] == [
            (2**48 - 1, ("manifest", "hash"), 5), (0, ("watermark",), None),
        ]  # fmt: skip


def test_every_hash_within_31_bits_is_found_and_none_beyond(store):
    rng = random.Random(2)
    kept = [PdqHash(rng.randbytes(32)) for _ in range(40)]
    with store.write() as conn:
        for number, pdq in enumerate(kept):
            records.add(conn, row(number, pdq=pdq))
        # The worst that there is: two bits in fifteen parts, one in the last.
        spread = [16 * part + bit for part in range(16) for bit in (0, 7)][:31]
        for number, pdq in enumerate(kept):
            for bits in (31, 32):
                wanted = flipped(pdq, spread if number == 0 and bits == 31 else rng.sample(range(256), bits))
                found = {one.record: distance for one, distance in records.near(conn, wanted)}
                assert found.get(number) == (31 if bits == 31 else None)


def test_of_many_that_look_alike_the_nearest_answer(store):
    pdq = PdqHash(bytes(range(32)))
    with store.write() as conn:
        for number in range(60):
            records.add(conn, row(number, pdq=flipped(pdq, range(number % 30))))
    with store.read() as conn:
        told = recognise(conn, pdq=pdq)
    assert (len(told), [one.distance for one in told[:4]]) == (50, [0, 0, 1, 1])


def test_credentials_lead_to_records_only_while_they_are_the_pictures_own_and_by_our_marks_alone():
    bound = tuple(
        SoftBinding(algorithm=name, value=value)
        for name, value in ((METHOD, "00000000000a"), ("org.example", "0" * 12))
    )
    ended = Credentials(
        present=True, state=CredentialState.INVALID, failures=("signingCredential.expired",), manifests=("urn:c2pa:a",),
        soft_bindings=bound,
    )  # fmt: skip
    assert names_of(ended) == ("urn:c2pa:a", "00000000000a")
    assert names_of(replace(ended, failures=("assertion.dataHash.mismatch",))) == ()
    assert names_of(Credentials()) == ()


@given(places=st.sets(st.integers(0, 255), max_size=31))
def test_any_31_bits_leave_one_part_in_reach(places):
    pdq = PdqHash(bytes(range(32)))
    assert records._parts(pdq) & records._around(flipped(pdq, places))


def test_a_number_is_given_once_and_a_record_is_never_altered(store):
    with store.write() as conn:
        records.add(conn, row(1))
        assert (records.is_taken(conn, 1), records.is_taken(conn, 2)) == (True, False)
    for change in (
        lambda conn: records.add(conn, row(1, by="key_2")),
        lambda conn: conn.execute(records.generated.update().values(by="key_2")),
    ):
        with pytest.raises(DatabaseError), store.write() as conn:
            change(conn)
    with store.read() as conn:
        assert records.find(conn, 1).by == "key_1"


def test_old_records_are_forgotten_with_the_parts_of_their_hashes(store):
    with store.write() as conn:
        records.add(conn, row(1, pdq=PdqHash(bytes(32)), at=AT - timedelta(days=9)))
        records.add(conn, row(2, pdq=PdqHash(bytes(range(32))), at=AT))
        assert records.erase_before(conn, AT - timedelta(days=1), most=10) == 1
        left = conn.execute(select(func.count()).select_from(records.generated_parts)).scalar_one()
        assert (records.find(conn, 1), records.find(conn, 2).record, left) == (None, 2, 16)
