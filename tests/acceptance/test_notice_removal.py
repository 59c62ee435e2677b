"""A notice's way through a real server: copies found, people decide, the service takes it down and says so."""

import tempfile
import time

import pytest

from judging import REMOVE, RUI, answered, no_window
from noticing import a_writer, form, hashes, sent
from pictures import jpeg
from receivers import wait_until
from rempart.cases.records import cases
from rempart.client import Client, Signals
from rempart.clock import utc_now
from rempart.intake.notices import findings, seeds
from rempart.intake.notices.records import locations, notices
from rempart.people.permissions import Scope
from rempart.server.vaults import open_keyring
from rempart.signals.examine import examine
from rempart.signals.outcome import Limits
from rempart.store.engine import Store
from serving import ALL_SCOPES, assert_ledger_verifies, make_data, make_key, serving

OWN, OTHER = jpeg(31, 320, 240), jpeg(77, 320, 240)
URL = "https://forum.example/photos/17"


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("notice") / "data")


@pytest.fixture(scope="module")
def store(settings):
    with Store.open(settings.database_url, clock=utc_now) as opened:
        no_window(opened)
        yield opened


@pytest.fixture(scope="module")
def server(settings, store):
    with serving(settings, "--workers", "2") as running:
        yield running


@pytest.fixture(scope="module")
def forum(store, server):
    with Client(server.url, make_key(store, *ALL_SCOPES), timeout=30) as client:
        yield client


def looked_at(data):
    """What the public page's own hashing would say of a copy."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        return examine(file.fileno(), limits=Limits())


def taken(store, settings, *urls):
    """A notice with the fingerprint of the person's own copy."""
    own = looked_at(OWN)
    text = hashes((bytes(own.pdq), own.pdq_quality), sha256=own.sha256)
    writer = a_writer(open_keyring(settings))
    return sent(store, form(*urls, signals=text), writer=writer, at=utc_now())


def place_of(store, told):
    with store.read() as conn:
        return locations.of(conn, [told.notice])[0]


def in_case(store, case_id):
    with store.read() as conn:
        return len(cases.items_of(conn, case_id))


def test_from_the_notice_to_the_confirmed_removal(settings, store, server, forum):
    assert forum.check(OWN, item_id="17", url=URL).allowed
    assert forum.check(OWN, item_id="copy").allowed
    assert forum.check(OTHER, item_id="other").allowed
    told = taken(store, settings, URL)
    place = place_of(store, told)
    wait_until(lambda: in_case(store, place.case_id) == 2, 10)
    assert forum.item("17").verdict == forum.item("copy").verdict == "allow"  # nothing is hidden before people looked
    answered(store, place.case_id, REMOVE, by=RUI, at=utc_now())
    wait_until(lambda: len(forum.decisions().decisions) == 2, 10)
    wait_until(lambda: place_of(store, told).state == "removing", 10)
    for decision in forum.decisions().decisions:
        assert decision.verdict == "block"
        assert forum.confirm(decision) is not None
    wait_until(lambda: place_of(store, told).state == "removed", 10)
    with store.read() as conn:
        assert notices.find(conn, told.notice).outcome == "removed"
        assert [one.kind for one in findings.of(conn, told.notice)] == ["identical"]
    assert_ledger_verifies(settings)


def test_the_next_check_finds_a_seed_and_once_it_is_pulled_none_does_within_a_second(settings, store, server, forum):
    other = looked_at(OTHER)
    signals = Signals(sha256=other.sha256.hex(), pdq=other.pdq.hex())
    text = hashes((bytes(other.pdq), other.pdq_quality), sha256=other.sha256)
    told = sent(store, form("https://forum.example/9", signals=text), writer=a_writer(open_keyring(settings)),
                at=utc_now())  # fmt: skip
    started = time.monotonic()
    assert forum.check_signals(signals, item_id="next").case is not None
    with store.write() as conn:
        seeds.pull(conn, told.notice, at=utc_now())
    assert forum.check_signals(signals, item_id="after").case is None
    assert time.monotonic() - started < 2


def test_a_service_learns_nothing_from_its_answers(settings, store, server, forum):
    plain = make_key(store, Scope.CHECK)
    with Client(server.url, plain, timeout=30) as client:
        guarded, free = client.check(OWN, item_id="x1"), client.check(jpeg(5, 320, 240), item_id="x2")
    assert (guarded.verdict, guarded.case, guarded.matches) == (free.verdict, free.case, free.matches)
    assert set(vars_of(guarded)) == set(vars_of(free))
    told = forum.check(OWN, item_id="x3")  # even with the scope `analyst` the list is not named
    assert told.matches == ()


def vars_of(answer):
    return [name for name in type(answer).__slots__ if getattr(answer, name)]
