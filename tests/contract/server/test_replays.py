"""What a restore repeats, step by step, on both databases: as the rooms' own functions wrote it into the ledger."""

import secrets
from contextlib import nullcontext
from datetime import timedelta

import pytest
from sqlalchemy import select

from actors import person
from desks import join_team, opened
from hosting import host
from judging import NO, judged
from noticing import a_writer, form, hashes, sent
from rempart.cases import webhooks
from rempart.cases.forgetting import forget_decided
from rempart.cases.records import leaves
from rempart.cases.records import webhooks as webhook_records
from rempart.cases.records import work as records
from rempart.cases.records.recalling import known
from rempart.cases.work import claims, moves, settings
from rempart.cases.work.queue import next_for, page, visible_among
from rempart.cases.work.readmitting import readmit
from rempart.clock import utc_now
from rempart.errors import ConflictError, NotPermittedError, RefusedError, WorkSettingsError
from rempart.evidence.backup.making import make_backup
from rempart.evidence.backup.replaying import finish, later_steps
from rempart.evidence.backup.restoring import check_backup, load_backup
from rempart.evidence.ledger.catchup import catch_up
from rempart.evidence.ledger.export import export
from rempart.evidence.ledger.notes import Signer
from rempart.evidence.ledger.sequencer import Sequencer
from rempart.evidence.vault import records as vault_records
from rempart.intake.notices import seeds, track
from rempart.intake.notices.records import notices, signals
from rempart.intake.upload_erasure import erase_item
from rempart.items.records.items import items
from rempart.lists.records import entry_signals
from rempart.people import keys, persons
from rempart.people.account import Account
from rempart.people.permissions import Role, Scope
from rempart.people.principal import CONSOLE, SYSTEM, Principal
from rempart.people.records import persons as person_records
from rempart.people.signin import one_time_link
from rempart.server.replays import replays
from rempart.store.blobs import open_blobs
from rempart.store.engine import Store
from rempart.store.workers import Worker
from serving import make_key
from signing import PASSWORD, Watch, add_person, code, enrolled, entry_of
from vaults import a_vault


@pytest.fixture
def restored(store, tmp_path):
    """A function: what is done within it happens after the backup; it gives the restored and finished database."""

    def go(before, later, *, old=False):
        vault, signer = a_vault(store), Signer.generate("test/ledger")
        made = before(vault)
        backup = tmp_path / "backup"
        with backup.open("wb") as stream:
            make_backup(store, vault.blobs, stream, keyring=None, settings=b"", version="1")
        later(vault, made)
        Sequencer(store, signer=signer).checkpoint()
        newest = tmp_path / "newest"
        with newest.open("wb") as stream:
            export(store, stream)
        with backup.open("rb") as stream:
            checked = check_backup(stream, keyring=None)
        new = Store.open(f"sqlite:///{tmp_path / 'new.db'}", clock=utc_now)
        load_backup(new, open_blobs("memory:///"), lambda: backup.open("rb"), checked, clock=utc_now)
        catch_up(new, newest, keys=[signer.key])
        with store.read() as conn:
            remembered = known(conn) if old else None
        again = replays(a_vault(new, keys=vault.keyring), clock=utc_now, known=remembered)
        done = finish(new, later_steps(newest, after=checked.ledger_size), again, by=CONSOLE)
        return new, made, done

    return go


def test_people_come_back_as_they_were_last(restored, store):
    entry = entry_of(store, Watch())

    def before(_):
        add_person(entry, "root", [Role.ADMINISTRATOR])
        gone, back, other = (add_person(entry, name, [Role.REVIEWER]) for name in ("gone", "back", "other"))
        seeds = {one.name: enrolled(entry, one)[0] for one in (gone, back, other)}
        return gone, back, other, seeds

    def later(_, made):
        gone, back, other, _ = made
        with store.write() as conn:
            persons.deactivate(conn, gone.id, by=CONSOLE, at=utc_now())
            persons.deactivate(conn, back.id, by=CONSOLE, at=utc_now())
            persons.reactivate(conn, back.id, by=CONSOLE, at=utc_now())
            persons.set_roles(conn, other.id, [Role.AUDITOR], by=CONSOLE, at=utc_now())

    new, (gone, back, other, seeds), done = restored(before, later)
    with new.read() as conn:
        assert [persons.found(conn, one.id).active for one in (gone, back, other)] == [False, True, True]
        assert persons.found(conn, other.id).roles == frozenset([Role.AUDITOR])
    assert done["person.roles_changed"] == 1
    entry = entry_of(new, Watch())
    entry.clock.forward(hours=1)
    for name, works in (("back", True), ("gone", False)):
        given = {"name": name, "password": PASSWORD, "code": code(seeds[name], entry.clock()), "address": "192.0.2.1"}
        with nullcontext() if works else pytest.raises(RefusedError):
            entry.with_password(**given)


def test_a_case_from_which_somebody_was_kept_later_is_seen_by_nobody_until_an_administrator_says_so(restored, store):
    rui, lea, lou = person("rui", Role.REVIEWER), person("lea", Role.LEAD), person("lou", Role.LEAD)
    root = person("root", Role.ADMINISTRATOR, Role.LEAD)

    def before(vault):
        with store.write() as conn:
            join_team(conn, rui, lea, lou, root)
            ids = [opened(conn, number, sha256=number.to_bytes(32), at=utc_now()) for number in (1, 2, 3)]
            claims.claim(conn, ids[0], rui, at=utc_now())
        judged(store, vault, ids[2], NO)
        return ids

    def later(_, ids):
        with store.write() as conn:
            moves.restrict_insider(conn, ids[0], SYSTEM, frozenset({lea.id}), at=utc_now())
            moves.bar(conn, ids[2], lea, rui.id, at=utc_now())

    new, ids, done = restored(before, later)
    kept, other, decided = ids
    assert done["case.restricted"] == 2
    key = Principal(kind="service", id="key", pseudonym="s-1", service="forum", scopes=frozenset({Scope.ANALYST}))
    with new.read() as conn:
        for who in (rui, lea, lou, root, key):
            assert visible_among(conn, ids, who) == {other}
            assert [row.case.id for row in page(conn, who, at=utc_now()).rows] == [other]
        assert records.kept_from_all(conn, most=9) == (kept, decided)
    with pytest.raises(NotPermittedError), new.write() as conn:
        readmit(conn, kept, lou, keep_from=frozenset(), at=utc_now())
    with pytest.raises(RefusedError, match="no lead"), new.write() as conn:
        readmit(conn, kept, root, keep_from=frozenset({lea.id, lou.id}), at=utc_now())
    with new.write() as conn:
        readmit(conn, kept, root, keep_from=frozenset({lea.id}), at=utc_now())
    with pytest.raises(ConflictError), new.write() as conn:
        readmit(conn, kept, root, keep_from=frozenset(), at=utc_now())
    with new.read() as conn:
        seen = {who.id: kept in visible_among(conn, ids, who) for who in (rui, lea, lou, root)}
        assert seen == {rui.id: False, lea.id: False, lou.id: True, root.id: False}
        assert [one.action for one in leaves.of_case(conn, kept)][-1] == "case.readmitted"


def test_what_was_forgotten_of_a_case_does_not_come_back(restored, store):
    rui = person("rui", Role.REVIEWER)

    def before(vault):
        with store.write() as conn:
            join_team(conn, rui)
            case_id = opened(conn, 1, at=utc_now())
            moves.note(conn, case_id, rui, "asked", at=utc_now())
        judged(store, vault, case_id, NO)
        return case_id

    def later(vault, _):
        vault.clock.go_on(seconds=timedelta(days=400).total_seconds())
        with Worker(store) as worker:
            assert forget_decided(store, worker, older=timedelta(days=365)) == 1

    new, case_id, done = restored(before, later)
    assert done["case.forgotten"] == 1
    with new.read() as conn:
        assert records.notes_of(conn, case_id) == ()


def test_settings_that_were_lost_leave_the_cases_to_leads_until_one_puts_them_again(restored, store):
    rui, lea = person("rui", Role.REVIEWER), person("lea", Role.LEAD)

    def before(_):
        with store.write() as conn:
            join_team(conn, rui, lea)
            settings.put(conn, {"claim_minutes": 5}, by=lea, at=utc_now())
            return opened(conn, 1, at=utc_now())

    def later(_, __):
        with store.write() as conn:
            for minutes in (7, 9):
                settings.put(conn, {"claim_minutes": minutes}, by=lea, at=utc_now())

    new, case, done = restored(before, later)
    assert done["work.changed"] == 2
    with new.read() as conn:
        version, rules = settings.current(conn)
        assert (version, rules.claim_minutes, rules.restored, rules.document) == (3, 5, True, {"claim_minutes": 5})
        assert visible_among(conn, [case], lea) == {case}
        assert visible_among(conn, [case], rui) == frozenset()
        found = page(conn, rui, at=utc_now())
        assert (found.rows, found.counts, found.oldest, next_for(conn, rui, None, at=utc_now())) == ((), (), None, None)
    with pytest.raises(WorkSettingsError), new.write() as conn:
        settings.put(conn, {"restored": True}, by=lea, at=utc_now())
    with new.write() as conn:
        assert settings.put(conn, rules.document, by=lea, at=utc_now(), after=3) == 4
        assert visible_among(conn, [case], rui) == {case}


def test_an_old_folder_that_can_be_read_knows_who_was_kept_out_and_the_settings(restored, store):
    rui, lea, lou = person("rui", Role.REVIEWER), person("lea", Role.LEAD), person("lou", Role.LEAD)

    def before(_):
        with store.write() as conn:
            join_team(conn, rui, lea, lou)
            return [opened(conn, number, sha256=number.to_bytes(32), at=utc_now()) for number in (1, 2, 3)]

    def later(_, ids):
        with store.write() as conn:
            moves.bar(conn, ids[0], lou, lea.id, at=utc_now())
            moves.restrict_insider(conn, ids[1], lou, frozenset(), at=utc_now())
            settings.put(conn, {"claim_minutes": 7}, by=lea, at=utc_now())

    new, ids, _ = restored(before, later, old=True)
    with new.read() as conn:
        assert visible_among(conn, ids, rui) == {ids[0], ids[2]}
        assert visible_among(conn, ids, lea) == {ids[1], ids[2]}
        assert visible_among(conn, ids, lou) == set(ids)
        version, rules = settings.current(conn)
        assert (version, rules.claim_minutes, rules.restored) == (1, 7, False)
    assert records.EVERYBODY not in {one.id for one in (rui, lea, lou)}


def test_a_password_that_was_replaced_later_opens_nothing(restored, store):
    entry = entry_of(store, Watch())

    def before(_):
        add_person(entry, "root", [Role.ADMINISTRATOR])
        ana = add_person(entry, "ana", [Role.REVIEWER])
        return ana, enrolled(entry, ana)[0]

    def later(_, made):
        enrolled(entry, made[0], password="another set of four words")

    new, (ana, seed), done = restored(before, later)
    assert (done["person.password_set"], done["person.code_set"]) == (1, 1)
    with new.read() as conn:
        found = persons.found(conn, ana.id)
    assert (found.password, found.totp_secret) == (None, None)
    entry = entry_of(new, Watch())
    with pytest.raises(RefusedError):
        entry.with_password(name="ana", password=PASSWORD, code=code(seed, entry.clock()), address="192.0.2.1")


def test_a_revoked_key_a_deleted_webhook_and_a_deleted_item_stay_away(restored, store):
    def before(vault):
        secret = make_key(store, Scope.CHECK)
        with store.write() as conn:
            hook, _ = webhooks.add_endpoint(
                conn, service="forum", url="https://example.org/hook", keyring=vault.keyring, by=CONSOLE, at=utc_now(),
                random=secrets.token_bytes,
            )  # fmt: skip
            kept, gone = host(conn, 1), host(conn, 2)
        return secret, hook.id, kept, gone

    def later(vault, made):
        secret, hook, _, _ = made
        with store.write() as conn:
            keys.revoke(conn, keys.find(conn, secret).id, by=CONSOLE, at=utc_now())
            webhooks.remove(conn, hook, by=CONSOLE, at=utc_now())
        erase_item(store, "forum", "photo-2", by=CONSOLE, at=utc_now())

    new, (secret, hook, kept, _), done = restored(before, later)
    assert done == {"item.deleted": 1, "key.revoked": 1, "webhook.deleted": 1}
    with new.read() as conn:
        assert not keys.find(conn, secret).usable(utc_now())
        assert webhook_records.endpoint(conn, hook) is None
        assert webhook_records.secrets_of(conn, hook, at=utc_now()) == ()
        assert conn.scalars(select(items.c.id)).all() == [kept]


def test_a_guard_that_was_ended_later_guards_nothing_and_a_suspected_child_stays_one(restored, store):
    def before(vault):
        writer = a_writer(vault.keyring)
        given = [form(f"https://forum.example/{n}", signals=hashes()) for n in range(3)]
        return [sent(store, one, writer=writer, at=utc_now()).notice for one in given]

    def later(vault, made):
        with store.write() as conn:
            seeds.pull(conn, made[0], at=utc_now())
            track.switch(conn, made[1], who=person("rui", Role.REVIEWER), at=utc_now())

    new, made, done = restored(before, later)
    assert done == {"notice.track_switched": 1, "seed.pulled": 2}
    with new.write() as conn:
        assert [notices.find(conn, one).track for one in made] == ["adult", "child", "adult"]
        assert [bool(one.value) for one in signals.of(conn, made[1])] == [False, False]
        assert [seeds.pull(conn, one, at=utc_now()) for one in made] == [0, 0, 1]
        live = conn.scalars(select(entry_signals.c.id).where(entry_signals.c.removed.is_(None))).all()
        assert live == []


def test_passkeys_and_providers_that_were_voided_later_open_nothing(restored, store):
    entry = entry_of(store, Watch())

    def before(_):
        add_person(entry, "root", [Role.ADMINISTRATOR])
        made = [add_person(entry, name, [Role.REVIEWER]) for name in ("ana", "ben")]
        with store.write() as conn:
            for one in made:
                person_records.change(conn, one.id, oidc_issuer="https://i", oidc_subject=one.name)
                key = {"credential": one.name.encode(), "person": one.id, "public_key": b"k", "sign_count": 0}
                person_records.add_passkey(conn, key | {"label": "stolen", "created": utc_now()})
        return [one.id for one in made]

    def later(_, made):
        ana, ben = made
        with store.write() as conn:
            link = one_time_link(
                conn, persons.found(conn, ana), by=CONSOLE, at=entry.clock(), random=secrets.token_bytes
            )
        entry.with_link(link)  # she sets up anew; what was hers before is void
        with store.read() as conn:
            who = Principal(kind="person", id=ben, pseudonym=persons.found(conn, ben).pseudonym)
        enrolled(entry, persons_of(store, ben))
        with store.write() as conn:
            person_records.change(conn, ben, oidc_issuer="https://i", oidc_subject="again")
        Account(entry=entry, who=who).unlink_provider()

    new, made, done = restored(before, later)
    assert done["person.provider_unlinked"] == 1
    with new.read() as conn:
        for one in made:
            assert person_records.passkeys_of(conn, one) == ()
            assert persons.found(conn, one).oidc_subject is None


def test_a_replaced_key_a_disabled_webhook_and_a_legal_hold_are_as_they_were_last(restored, store):
    def before(vault):
        secret = make_key(store, Scope.CHECK)
        sealed = [vault.seal(b"x"), vault.seal(b"y")]
        with store.write() as conn:
            hook, _ = webhooks.add_endpoint(
                conn, service="forum", url="https://example.org/hook", keyring=vault.keyring, by=CONSOLE, at=utc_now(),
                random=secrets.token_bytes,
            )  # fmt: skip
            objects = [
                vault.record(conn, one, item=None, basis="case", media_type="image/png", by=CONSOLE) for one in sealed
            ]
        return secret, hook.id, objects

    def later(vault, made):
        secret, hook, objects = made
        with store.write() as conn:
            old = keys.find(conn, secret).id
            keys.rotate(conn, old, by=CONSOLE, at=utc_now(), random=secrets.token_bytes, overlap=timedelta(0))
            webhooks.set_state(conn, hook, enabled=False, by=CONSOLE, at=utc_now())
            vault.hold(conn, objects[0], reason="court", by=CONSOLE)
            vault.release(conn, vault.hold(conn, objects[1], reason="court", by=CONSOLE), reason="over", by=CONSOLE)

    new, (secret, hook, objects), done = restored(before, later)
    assert (done["key.created"], done["webhook.disabled"], done["vault.held"], done["vault.released"]) == (1, 1, 2, 1)
    with new.read() as conn:
        assert not keys.find(conn, secret).usable(utc_now())
        assert webhook_records.endpoint(conn, hook).state == "disabled"
        assert [len(vault_records.holds_on(conn, one)) for one in objects] == [1, 0]


def persons_of(store, person):
    with store.read() as conn:
        return persons.found(conn, person)
