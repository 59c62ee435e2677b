"""Parts of listed pictures on real databases: what is kept of a picture, who is found by it, and when it goes."""

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select

from curating import ANNA, BERT, curation, entry
from pictures import encode, jpeg, scene
from rempart.errors import TamperedError
from rempart.evidence.vault import HeldKeys, Vault
from rempart.evidence.vault.records import objects
from rempart.evidence.vault.upkeep import periodics
from rempart.lists.entry import derived_id
from rempart.lists.ingest import Wishes
from rempart.lists.parts import keeping, live, records
from rempart.lists.parts.finding import PLAIN, PartFinder
from rempart.lists.parts.index import Candidate, PartIndex
from rempart.lists.parts.keeping import PartKeeper, let_go
from rempart.lists.parts.live import LiveParts
from rempart.lists.parts.records import list_parts
from rempart.lists.parts.sealing import PartBox, rewrap_parts
from rempart.lists.records import Mode
from rempart.provenance.partial.features import VERSION
from rempart.provenance.partial.making import Wanted, parts_of, parts_pool
from rempart.signals.digests import digest_bytes
from rempart.signals.outcome import Limits, Outcome
from rempart.signals.pool import WorkerPool
from rempart.signals.values import BY_LIKENESS, Likeness
from rempart.store.engine import Store
from vaults import a_vault, actions, key_text


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with parts_pool(limits=Limits()) as made:
        yield made


@pytest.fixture
def vault(store: Store) -> Vault:
    return a_vault(store)


@pytest.fixture
def ours(store, vault, pool):
    """A list of pictures that are drawn from seeds, and what looks their parts up."""
    there = curation(store)
    made = there.create(name="ours", by=ANNA)
    keeper = PartKeeper(vault=vault, number=made.number, by=ANNA)
    index = LiveParts(vault)
    finder = PartFinder(vault, pool=pool, live=index)

    def listed(*seeds):
        files = {_ref(data): data for data in map(picture, seeds)}
        there.add(made.id, [entry(ref, digest_bytes(data).sha256) for ref, data in files.items()], Wishes(), by=ANNA)
        kept = keeper.keep((ref, parts_of(pool, data, Wanted.LISTED)) for ref, data in files.items())
        index.refresh()
        assert kept == len(seeds)
        return list(files)

    return SimpleNamespace(
        curation=there, live=made, keeper=keeper, index=index, finder=finder, listed=listed, store=store, vault=vault
    )


def picture(seed: int) -> bytes:
    return jpeg(seed)


def part(seed: int) -> bytes:
    return encode(scene(seed)[80:260, 100:340], "JPEG", quality=75)


def around(seed: int) -> bytes:
    """Another picture that shows this one at 40 % of its size."""
    whole = scene(40 + seed)
    whole[30:174, 50:242] = np.asarray(Image.fromarray(scene(seed)).resize((192, 144)))
    return encode(whole, "JPEG", quality=80)


def _ref(data: bytes) -> str:
    return derived_id(digest_bytes(data).sha256)


def rows(store):
    with store.read() as conn:
        return conn.execute(select(list_parts).order_by(list_parts.c.id)).all()


def alive(store):
    with store.read() as conn:
        return conn.execute(select(objects).where(objects.c.destroyed.is_(None))).all()


def test_parts_and_pictures_around_a_listed_one_are_found_and_nothing_else(ours):
    refs = ours.listed(1, 2)
    for data in (part(2), around(2), picture(2)):
        (match,) = ours.finder.find(data).matches
        assert (match.ref, match.list, match.signal_kind, match.probe) == (refs[1], "ours", Likeness.PARTS, PLAIN)
        assert not match.exact
        assert match.document()["signal"] == "parts"
    assert ours.finder.find(picture(9)) == ours.finder.find(b"no picture at all") == ours.finder.find(b"")
    assert not ours.finder.find(picture(9)).matches


def test_no_word_of_parts_passes_for_the_same_bytes():
    assert Likeness.PARTS in BY_LIKENESS
    assert {"sha256", "sha1", "md5"}.isdisjoint(BY_LIKENESS)


def test_votes_without_geometry_are_no_match(ours, monkeypatch):
    ours.listed(1)
    monkeypatch.setattr(ours.index, "candidates", lambda _: [Candidate(rows(ours.store)[0].id, 99)])
    assert ours.finder.find(picture(9)).matches == ()
    assert ours.finder.compared == 1


def test_a_withdrawn_entry_is_found_by_nobody_at_once_and_its_features_go(ours):
    ref, other = ours.listed(1, 2)
    match = ours.finder.find(part(1)).matches
    ours.curation.withdraw(ours.live.id, ref, by=ANNA)
    assert ours.finder.find(part(1)).matches == ours.finder.still(match) == ()
    assert let_go(ours.vault) == 1
    assert let_go(ours.vault) == 0
    ours.index.refresh()
    assert len(ours.index) == 1
    assert [row.ref for row in rows(ours.store)] == [other]
    assert len(ours.finder.find(part(2)).matches) == 1
    ours.vault.clock.go_on(days=2)
    retire(ours.vault)
    assert len(alive(ours.store)) == 1, "its sheet is destroyed with its key"


def retire(vault):
    (work,) = (one for one in periodics(vault, by=ANNA) if one.name == "vault.retention")
    work.run(None)
    vault.clock.go_on(days=2)
    work.run(None)


def test_entries_that_wait_for_a_second_person_keep_theirs_until_it_is_decided(store, vault, pool, ours):
    blocks = ours.curation.create(name="blocks", by=ANNA, mode=Mode.BLOCKING)
    made = ours.curation.add(
        blocks.id, [entry(_ref(picture(5)), digest_bytes(picture(5)).sha256)], Wishes(), by=ANNA
    )  # fmt: skip
    keeper = PartKeeper(vault=vault, number=blocks.number, by=ANNA)
    assert keeper.keep([(_ref(picture(5)), parts_of(pool, picture(5), Wanted.LISTED))]) == 1
    ours.index.refresh()
    assert ours.finder.find(part(5)).matches == (), "nobody agreed yet"
    assert let_go(vault) == 0
    ours.curation.decide(made.id, by=BERT, approve=False)
    assert let_go(vault) == 1


def test_a_second_import_makes_nothing_twice(ours, pool):
    (ref,) = ours.listed(1)
    assert ours.keeper.missing([ref, "other"]) == {"other"}
    assert ours.keeper.keep([(ref, parts_of(pool, picture(1), Wanted.LISTED))]) == 0
    assert len(rows(ours.store)) == len(alive(ours.store)) == 1


def test_other_processes_find_what_was_added(ours, pool):
    other = PartFinder(ours.vault, pool=pool, live=LiveParts(ours.vault))
    ours.listed(1)
    assert other.find(part(1)).matches == ()
    other.live.refresh()
    assert len(other.find(part(1)).matches) == 1
    ours.listed(2)
    other.live.refresh()
    assert [len(other.find(part(seed)).matches) for seed in (1, 2)] == [1, 1]


def test_features_are_sealed_each_for_its_own_entry(ours, pool):
    one, _ = ours.listed(1, 2)
    features = parts_of(pool, picture(1), Wanted.LISTED).features
    first, second = rows(ours.store)
    for piece in (features.keys[:4].tobytes(), digest_bytes(picture(1)).sha256):
        assert piece not in first.features
    box = PartBox(ours.vault.keyring)
    number = ours.live.number
    assert box.open(first.features, number=number, ref=one)[:32] == bytes(digest_bytes(picture(1)).sha256)
    for sealed, ref in ((second.features, one), (first.features[:-1] + b"?", one)):
        with pytest.raises(TamperedError):
            box.open(sealed, number=number, ref=ref)
    with pytest.raises(TamperedError):
        PartBox(HeldKeys(key_text())).open(first.features, number=number, ref=one)
    blobs = [b"".join(ours.vault.blobs.get(blob.name)) for blob in ours.vault.blobs.found()]
    plane = parts_of(pool, picture(1), Wanted.LISTED).sheet.plane
    assert all(plane[100].tobytes() not in blob for blob in blobs)


def test_a_rotation_seals_features_again(ours):
    ours.listed(1, 2)
    old = ours.vault.keyring.active()
    new = HeldKeys(key_text())
    both = SimpleNamespace(
        ids=lambda: (*new.ids(), old.id), get=lambda key: old if key == old.id else new.get(key), active=new.active
    )
    before = [row.features for row in rows(ours.store)]
    with ours.store.write() as conn:
        assert rewrap_parts(conn, keyring=both) == 2
        assert rewrap_parts(conn, keyring=both) == 0
    box = PartBox(new)
    for row, sealed in zip(rows(ours.store), before, strict=True):
        assert row.features != sealed
        assert box.open(row.features, number=row.list, ref=row.ref)


def test_a_damaged_row_costs_its_own_picture_alone(ours):
    ours.listed(1, 2)
    with ours.store.write() as conn:
        records.reseal(conn, min(records.ids(conn, version=VERSION)), features=b"damaged" * 9)
    index = LiveParts(ours.vault)
    index.refresh()
    assert len(index) == 1


def test_a_lead_whose_sheet_is_gone_could_not_be_looked_at_and_costs_others_nothing(ours, caplog):
    ours.listed(1)
    for blob in list(ours.vault.blobs.found()):
        ours.vault.blobs.delete(blob.name)
    looked = ours.finder.find(part(1))
    assert (looked.outcome, looked.matches) == (Outcome.UNREADABLE, ())
    assert "cannot be used" in caplog.text
    assert ours.finder.find(picture(9)).outcome is Outcome.OK
    ours.listed(2)
    assert len(ours.finder.find(part(2)).matches) == 1


def test_who_looks_while_the_indexes_are_arranged_anew_misses_nothing(ours, monkeypatch):
    ours.listed(1)
    look, done = PartIndex.candidates, []

    def meanwhile(self, asked, **more):
        if not done:
            done.append(True)
            ours.index._arrange(removed=True)
        return look(self, asked, **more)

    monkeypatch.setattr(PartIndex, "candidates", meanwhile)
    assert len(ours.finder.find(part(1)).matches) == 1
    assert done


def test_features_of_another_version_are_not_looked_up_and_go(ours, monkeypatch):
    ours.listed(1)
    monkeypatch.setattr(keeping, "VERSION", "another")
    assert let_go(ours.vault) == 1
    assert rows(ours.store) == []


def test_each_comparison_is_logged_and_a_look_without_a_lead_is_not(ours):
    ours.listed(1)
    ours.finder.find(part(1))
    ours.finder.find(picture(9))
    assert actions(ours.store).count("vault.opened") == 1
    assert ours.finder.compared == 1


def test_a_picture_that_cannot_be_looked_at_says_so(ours, store, vault):
    ours.listed(1)
    with parts_pool(limits=Limits(pixels=1000)) as small:
        finder = PartFinder(vault, pool=small, live=ours.index)
        looked = finder.find(part(1))
    assert (looked.outcome, looked.matches) == (Outcome.TOO_LARGE, ())


def test_many_new_pictures_beside_old_ones_are_arranged_anew(ours, monkeypatch):
    monkeypatch.setattr(live, "_FEW", 1)
    ours.listed(1)
    ours.listed(2, 3)
    assert [len(ours.finder.find(part(seed)).matches) for seed in (1, 2, 3)] == [1, 1, 1]
    assert len(ours.index) == 3
