"""A notice that comes in: what it is, what follows at once, and what is kept of it."""

from datetime import timedelta

import pytest

from actors import NOON, person
from hosting import host
from noticing import HOME, URL, a_writer, form, hashes, read, sent
from rempart.cases.records import cases
from rempart.errors import NotFoundError, RefusedError
from rempart.intake.notices import reading
from rempart.intake.notices.records import clocks, locations, notices, signals
from rempart.intake.notices.values import Answer, Location, Role, Track
from rempart.items.records import items
from rempart.people.permissions import Role as TeamRole

LEA, RUI = person("lea"), person("rui", TeamRole.REVIEWER)


def test_a_whole_notice_is_one_under_every_law_and_is_due_in_48_hours(store):
    writer = a_writer()
    told = sent(store, form(signals=hashes()), writer=writer)
    assert told.due == NOON + timedelta(hours=48)
    assert {one.regime.id for one in told.regimes if one.applies} == {"own", "us-tida", "uk-osa", "eu-dsa"}
    with store.read() as conn:
        place = locations.of(conn, [told.notice])[0]
        case = cases.find(conn, place.case_id)
        item = items.hosted(conn, place.item)
        running = clocks.of(conn, [told.notice])
    assert (case.kind, case.queue, case.due, case.priority) == ("notice", "notices", told.due, 1)
    assert (item.service, item.url, item.verdict) == ("forum", URL, "allow")
    assert {one.regime for one in running} == {"own", "us-tida", "uk-osa"}
    assert {one.next for one in running} == {NOON + timedelta(hours=24)}


def test_the_number_and_the_secret_open_it_and_nothing_else_does(store):
    writer = a_writer()
    told = sent(store, form(), writer=writer)
    shown = read(store, told, writer=writer)
    assert [(one.url, one.state.value) for one in shown.places] == [(URL, "waiting")]
    typed = told.number.lower().replace("-", " "), told.secret.lower().replace("-", "")
    assert reading.by_number(store, *typed, keyring=writer.keyring, address=HOME, at=NOON) == shown
    for number, secret in ((told.number, told.secret[:-1] + "!"), ("3333-3333", told.secret), ("", "")):
        with pytest.raises(NotFoundError) as refused:
            reading.by_number(store, number, secret, keyring=writer.keyring, address=HOME, at=NOON)
        assert str(refused.value).startswith("This number and this secret do not belong together.")


def test_what_is_missing_decides_which_laws_apply_and_never_refuses(store):
    told = sent(store, form(signature="", contact=" ", name="", role=Role.BYSTANDER), writer=a_writer())
    stands = {one.regime.id: one for one in told.regimes}
    assert told.due == NOON + timedelta(hours=48)
    assert stands["own"].applies
    assert stands["us-tida"].missing == ("signature", "contact")
    assert stands["us-tida"].barred
    assert not stands["eu-dsa"].applies


def test_of_a_childs_notice_nothing_is_kept_but_the_location(store):
    writer = a_writer()
    for answer in (Answer.YES, Answer.UNSURE):
        told = sent(store, form(f"{URL}/{answer}", minor=answer, signals=hashes()), writer=writer)
        with store.read() as conn:
            row = notices.find(conn, told.notice)
            place = locations.of(conn, [told.notice])[0]
            assert notices.sealed_of(conn, told.notice) == {}
            assert signals.of(conn, told.notice) == ()
            assert cases.find(conn, place.case_id).queue == "child-safety"
        assert (row.role, row.synthetic, row.sender, list(row.declared)) == (None, None, None, ["location"])
        assert (told.track, told.guarded, told.due) == (Track.CHILD, False, NOON + timedelta(hours=48))


def test_two_notices_for_one_picture_join_one_case(store):
    writer = a_writer()
    with store.write() as conn:
        host(conn, 1, url="https://forum.example/a", sha256=b"a" * 32)
        host(conn, 2, url="https://forum.example/b", sha256=b"a" * 32)
    urls = ("https://forum.example/a", "http://FORUM.example/b", URL, URL)
    told = [sent(store, form(one), writer=writer) for one in urls]
    with store.read() as conn:
        by_bytes, also, by_address, again = (locations.of(conn, [one.notice])[0] for one in told)
    assert by_bytes.case_id == also.case_id
    assert (by_bytes.item, also.item) == (1, 2)
    assert (by_address.case_id, by_address.item) == (again.case_id, again.item)
    assert by_address.case_id != by_bytes.case_id


def test_of_several_pictures_at_one_address_that_with_the_persons_own_bytes_is_meant(store):
    writer = a_writer()
    with store.write() as conn:
        host(conn, 1, url=URL, sha256=b"a" * 32)
        host(conn, 2, url=URL, sha256=b"b" * 32)
    by_hash = sent(store, form(signals=hashes(sha256=b"b" * 32)), writer=writer)
    unclear = sent(store, form(), writer=writer)
    with store.read() as conn:
        assert locations.of(conn, [by_hash.notice])[0].item == 2
        own = items.hosted(conn, locations.of(conn, [unclear.notice])[0].item)
    assert own.item_id.startswith("notice:loc_")


def test_a_case_in_which_somebody_of_the_team_may_be_involved_is_for_leads(store):
    writer = a_writer()
    told = sent(store, form(insider=True), writer=writer)
    with store.read() as conn:
        assert reading.notice(conn, told.notice, LEA, keyring=writer.keyring, at=NOON).explanation.startswith(
            "It shows me"
        )
        assert reading.open_notices(conn, RUI, at=NOON).lines == ()
        with pytest.raises(NotFoundError):
            reading.notice(conn, told.notice, RUI, keyring=writer.keyring, at=NOON)


def test_a_notice_that_came_by_letter_counts_from_the_day_it_came(store):
    earlier = NOON - timedelta(hours=40)
    told = sent(store, form(), writer=a_writer(), received=earlier)
    assert told.due == earlier + timedelta(hours=48)
    with pytest.raises(RefusedError):
        sent(store, form(), writer=a_writer(), received=NOON + timedelta(seconds=1))


@pytest.mark.parametrize("url", ["", "forum.example/1", "javascript:alert(1)", "https://", "https://a b", "ftp://a/b"])
def test_what_is_no_address_is_refused_with_what_to_do(url):
    with pytest.raises(RefusedError, match=r"address"):
        Location(url=url)
