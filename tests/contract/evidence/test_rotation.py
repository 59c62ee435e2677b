"""Rotation on both databases: every wrap is replaced, no blob is touched, and it may be stopped anywhere."""

import pyrage
import pytest
from sqlalchemy import select

from rempart.errors import RefusedError, ServiceKeyMissingError
from rempart.evidence.vault import Custodians, HeldKeys, KeyFile
from rempart.evidence.vault.keyring import ServiceKey
from rempart.evidence.vault.records import objects, uses_of_keys
from rempart.evidence.vault.rotation import recover, retire, rewrap, rewrap_now, rotate
from rempart.evidence.vault.upkeep import handlers
from rempart.store.jobs import JobRunner
from rempart.store.workers import Worker
from vaults import BY, a_vault, actions, key_text, put_in, read


@pytest.fixture
def keys(tmp_path):
    file = KeyFile(tmp_path / "service.key")
    file.create()
    return file


def uses(store):
    with store.read() as conn:
        return dict(uses_of_keys(conn))


def blobs_of(vault):
    return {one.name: b"".join(vault.blobs.get(one.name)) for one in vault.blobs.found()}


def test_a_rotation_wraps_everything_again_and_touches_no_blob(store, keys):
    vault = a_vault(store, keys=keys)
    made = [put_in(vault, bytes([number])) for number in range(250)]
    before, old = blobs_of(vault), keys.active()
    new = rotate(vault, keys, by=BY)
    assert keys.ids() == (new.id, old.id)
    assert read(vault, made[0]) == b"\0", "what is old opens while the rotation is on its way"
    with Worker(store) as worker:
        JobRunner(store, worker, handlers(vault, by=BY)).run_due()
    assert uses(store) == {new.id: 250}
    assert blobs_of(vault) == before
    assert retire(vault, keys, by=BY) == (old.id,)
    assert keys.ids() == (new.id,)
    assert keys.mark_keys() == (new.mark_key(), old.mark_key()), "marks from before are still read"
    assert [read(vault, one) for one in made[:3]] == [b"\0", b"\1", b"\2"]
    assert [one for one in actions(store) if "rotat" in one or "retire" in one] == [
        "vault.rotation_begun",
        "vault.rotated",
        "vault.key_retired",
    ]


def test_a_rotation_that_was_killed_half_way_goes_on_where_it_was(store, keys, monkeypatch):
    vault = a_vault(store, keys=keys)
    made = [put_in(vault, bytes([number])) for number in range(230)]
    old, new = keys.active(), rotate(vault, keys, by=BY)
    count = iter(range(10))

    def killed_at_the_second_batch(_):
        if next(count) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rewrap(vault, guard=killed_at_the_second_batch)
    assert uses(store) == {new.id: 100, old.id: 130}
    with pytest.raises(RefusedError):
        retire(vault, keys, by=BY)
    assert all(read(vault, one) == bytes([number]) for number, one in enumerate(made[:230:60]) if number == 0)
    assert rewrap_now(vault, by=BY) == 130
    assert uses(store) == {new.id: 230}


def test_what_is_destroyed_during_a_rotation_stays_destroyed(store, keys, monkeypatch):
    vault = a_vault(store, keys=keys)
    object_id = put_in(vault)
    rotate(vault, keys, by=BY)
    wrap = vault.object_key

    def destroyed_meanwhile(found):
        key = wrap(found)
        with store.write() as conn:
            vault.destroy(conn, object_id, reason="just now", by=BY)
        return key

    monkeypatch.setattr(vault, "object_key", destroyed_meanwhile)
    assert rewrap_now(vault, by=BY) == 0
    with store.read() as conn:
        assert conn.execute(select(objects.c.wrap, objects.c.custodian_wrap)).all() == [(None, None)]


def test_what_others_keep_under_the_service_key_is_wrapped_again_with_the_rest(store, keys):
    vault = a_vault(store, keys=keys)
    seen = []

    def also(conn, *, keyring):
        seen.append(keyring.active().id)
        return 1

    new = rotate(vault, keys, by=BY)
    with Worker(store) as worker:
        JobRunner(store, worker, handlers(vault, by=BY, also=[also])).run_due()
    assert seen == [new.id]
    retire(vault, keys, by=BY, also=[also])
    assert seen == [new.id, new.id], "and once more before the old key goes"


def test_the_active_key_cannot_be_taken_away(keys):
    with pytest.raises(RefusedError):
        keys.remove(keys.active().id)


def test_another_process_sees_the_new_key_at_its_next_use(keys, tmp_path):
    other = KeyFile(tmp_path / "service.key")
    other.active()
    new = ServiceKey.new()
    keys.add(new)
    assert other.active() == new


def test_a_custodian_gives_a_new_service_key_access_again(store):
    ana, bob = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    vault = a_vault(store, custodians=[str(ana.to_public()), str(bob.to_public())])
    object_id = put_in(vault, b"kept for a court")
    vault.keyring = HeldKeys(key_text())
    with pytest.raises(ServiceKeyMissingError):
        read(vault, object_id)
    with pytest.raises(RefusedError):
        recover(vault, [str(pyrage.x25519.Identity.generate())], by=BY)
    assert recover(vault, [str(bob)], by=BY) == 1
    assert read(vault, object_id) == b"kept for a court"


def test_custodians_that_come_or_go_are_followed_by_a_rewrap(store):
    ana, bob = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    vault = a_vault(store, custodians=[str(ana.to_public())])
    object_id = put_in(vault)
    vault.custodians = Custodians.of([str(bob.to_public())])
    assert rewrap_now(vault, by=BY) == 1
    vault.keyring = HeldKeys(key_text())
    with pytest.raises(RefusedError):
        recover(vault, [str(ana)], by=BY)
    assert recover(vault, [str(bob)], by=BY) == 1
    assert read(vault, object_id) == b"a picture"


def test_a_destroyed_object_is_lost_to_custodians_too(store):
    ana = pyrage.x25519.Identity.generate()
    vault = a_vault(store, custodians=[str(ana.to_public())])
    object_id = put_in(vault)
    with store.write() as conn:
        vault.destroy(conn, object_id, reason="an order", by=BY)
    vault.keyring = HeldKeys(key_text())
    assert recover(vault, [str(ana)], by=BY) == 0
