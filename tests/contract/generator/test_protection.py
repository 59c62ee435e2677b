"""Photos that somebody asked to protect: who may ask, who may take it back, and that only hashes are kept."""

from pathlib import Path

import pytest
from sqlalchemy import select

from checking import ASKER, SERVICE
from rempart.clock import utc_now
from rempart.errors import NotFoundError, RefusedError
from rempart.intake.generator import protection
from rempart.intake.generator.protection import MOST_OF_ONE, ProtectedPhotos, protect, withdraw, withdrawn_again
from rempart.intake.generator.records import protected as records
from rempart.lists.entry import EntrySignal
from rempart.lists.lookup import Asked
from rempart.people.principal import CONSOLE
from rempart.signals.values import PdqHash, Sha256
from rempart.store.engine import Store

PDQ = PdqHash(bytes(range(32)))
DIGEST = Sha256(bytes(range(100, 132)))


def near(bits: int) -> PdqHash:
    """A hash so many bits away."""
    return PdqHash((int.from_bytes(PDQ) ^ ((1 << bits) - 1)).to_bytes(32))


def keep(store: Store, *signals: EntrySignal, **more) -> str:
    return protect(store, signals or [EntrySignal(signal=PDQ, quality=90)], by=CONSOLE, at=utc_now(), **more).id


@pytest.fixture
def photos(store: Store, tmp_path: Path) -> ProtectedPhotos:
    found = ProtectedPhotos(store, tmp_path / "index", utc_now, radius=31)
    found.open()
    return found


def holds(photos: ProtectedPhotos, signal) -> bool:
    photos.catch_up()
    return photos.holds([Asked(signal, "canonical")])


def test_a_photo_is_found_by_its_hash_and_by_near_ones(store: Store, photos: ProtectedPhotos):
    assert not holds(photos, PDQ)
    keep(store)
    assert [holds(photos, near(bits)) for bits in (0, 31, 32)] == [True, True, False]


def test_a_photo_is_found_by_its_digest_whole_and_not_by_its_beginning(store: Store, photos: ProtectedPhotos):
    keep(store, EntrySignal(signal=DIGEST))
    assert holds(photos, DIGEST)
    assert not holds(photos, Sha256(bytes(DIGEST)[:31] + b"\0"))


def test_hashes_that_say_too_little_are_left_out_and_alone_are_refused(store: Store, photos: ProtectedPhotos):
    poor = EntrySignal(signal=PDQ, quality=49)
    with pytest.raises(RefusedError, match="too little"):
        keep(store, poor)
    with pytest.raises(RefusedError, match="too little"):
        protect(store, [], by=CONSOLE, at=utc_now())
    keep(store, poor, EntrySignal(signal=DIGEST))
    assert (holds(photos, PDQ), holds(photos, DIGEST)) == (False, True)


def test_two_hashes_of_a_kind_are_two_photos(store: Store):
    with pytest.raises(RefusedError, match="each kind"):
        keep(store, EntrySignal(signal=PDQ), EntrySignal(signal=near(40)))


def test_one_person_has_so_many_photos_and_no_more(store: Store, monkeypatch):
    monkeypatch.setattr(protection, "MOST_OF_ONE", 2)
    for _ in range(2):
        first = keep(store, service=SERVICE, reference="u1")
    with pytest.raises(RefusedError, match="already"):
        keep(store, service=SERVICE, reference="u1")
    keep(store, service=SERVICE, reference="u2")
    withdraw(store, first, by=ASKER, at=utc_now(), service=SERVICE)
    keep(store, service=SERVICE, reference="u1")
    assert MOST_OF_ONE == 200


def test_a_service_takes_back_only_what_it_asked_for(store: Store):
    own, other = keep(store, service=SERVICE), keep(store, service="elsewhere")
    for name in (other, keep(store), "protected_nothing"):
        with pytest.raises(NotFoundError):
            withdraw(store, name, by=ASKER, at=utc_now(), service=SERVICE)
    withdraw(store, own, by=ASKER, at=utc_now(), service=SERVICE)
    with pytest.raises(NotFoundError):
        withdraw(store, own, by=ASKER, at=utc_now(), service=SERVICE)


def test_what_is_withdrawn_leaves_no_hash_and_no_name_behind(store: Store, photos: ProtectedPhotos):
    name = keep(store, service=SERVICE, reference="u1")
    assert holds(photos, PDQ)
    withdraw(store, name, by=CONSOLE, at=utc_now())
    # This process has not caught up, and still must not find it.
    assert not photos.holds([Asked(PDQ, "canonical")])
    with store.read() as conn:
        assert conn.execute(select(records.protected_signals.c.value)).scalars().all() == [b""]
        assert conn.execute(select(records.protected_photos.c.reference)).scalars().all() == [None]
        assert records.count(conn) == 0


def test_two_people_may_protect_the_same_photo_and_each_takes_back_their_own(store: Store, photos: ProtectedPhotos):
    first, _ = keep(store), keep(store)
    withdraw(store, first, by=CONSOLE, at=utc_now())
    assert holds(photos, PDQ)


def test_after_a_restore_it_is_withdrawn_again(store: Store, photos: ProtectedPhotos):
    name = keep(store)
    with store.write() as conn:
        assert withdrawn_again(conn, name, at=utc_now()) is True
        assert withdrawn_again(conn, name, at=utc_now()) is False
        assert withdrawn_again(conn, "protected_gone", at=utc_now()) is False
    assert not holds(photos, PDQ)


def test_a_damaged_index_is_made_anew_from_the_database(store: Store, photos: ProtectedPhotos, tmp_path: Path):
    keep(store)
    photos.catch_up()
    photos.index.merge()
    path = next((tmp_path / "index").glob("protected.pdq*"))
    path.write_bytes(b"not an index")
    again = ProtectedPhotos(store, tmp_path / "index", utc_now, radius=31)
    again.open()
    assert again.holds([Asked(PDQ, "canonical")])
