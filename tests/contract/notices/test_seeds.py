"""The guard of a notice: found at once, gone at once, and never more than a case for people."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

import livelists as S
from actors import NOON, person
from backlooking import Site, digest, likeness, look_site
from checking import checking, request
from curating import ANNA, BERT, curation
from hosting import host
from judging import LEA
from liveprocess import LiveProcess
from pictures import jpeg
from rempart.cases.records import cases
from rempart.errors import NotFoundError, RefusedError
from rempart.intake.notices import seeds
from rempart.intake.notices.values import Track
from rempart.lists import breaker, entry_records
from rempart.lists.breaker import BreakerLimits, entry_subject
from rempart.lists.entry import EntrySignal
from rempart.lists.lookup import MOST_OWN
from rempart.lists.own import NOTICES
from rempart.lists.records import Mode, entry_signals, list_entries, lists
from rempart.people.principal import CONSOLE
from rempart.policy.versions import decide, propose
from rempart.signals.digests import digest_bytes
from rempart.signals.pool import WorkerPool
from rempart.signals.values import PdqHash

HIDE = """format = 1
name = "hide"
[[rules]]
name = "hide-meanwhile"
when = { list = "system:notices", opinion = "investigation_seed" }
then = { verdict = "hold", case = true, queue = "notices", keep = "while_case_open" }
[otherwise]
verdict = "allow"
[on_failure]
verdict = "hold"
"""
BLOCK_ALL = HIDE.replace('list = "system:notices", opinion = "investigation_seed"', 'list = ["s*", "p*"]').replace(
    '"hold", case', '"block", case'
)


def signal(value, *, quality=90) -> EntrySignal:
    if not isinstance(value, PdqHash):
        return EntrySignal(signal=value)
    return EntrySignal(signal=value, recipe="srgb8-full-v1", quality=quality)


def plant(store, notice: str, *values, at=NOON, **more) -> int | None:
    with store.write() as conn:
        return seeds.plant(conn, notice, [signal(one) for one in values], track=Track.ADULT, at=at, **more)


def pull(store, notice: str) -> int:
    with store.write() as conn:
        return seeds.pull(conn, notice, at=NOON)


def put(store, text: str) -> None:
    with store.write() as conn:
        row = propose(conn, text, by=LEA, at=NOON)
        decide(conn, row.id, by=person("bea"), approve=True, reason="", at=NOON)


@pytest.fixture
def site(store, tmp_path):
    with look_site(store, tmp_path, most_items_of_entry=20, most_items_of_seed=5, opened=seeds.told) as made:
        yield made


@pytest.fixture(scope="module")
def pool():
    with WorkerPool(workers=1) as made:
        yield made


@pytest.fixture
def check(store, tmp_path, pool):
    with checking(store, tmp_path, pool, breaker=BreakerLimits(entry=3)) as made:
        yield made


def refs(live, value):
    return [one.list for one in S.found(live, value).matches]


def test_a_planted_seed_is_found_by_the_next_check_and_a_pulled_one_by_none(check, store):
    asked = (digest(1), likeness(1, bits=9))
    assert check.ask("a", signals=asked).case is None
    plant(store, "notice_1", digest(1), likeness(1))
    answer = check.ask("b", signals=asked)
    assert (answer.verdict, answer.case is not None) == ("allow", True)
    pull(store, "notice_1")
    assert check.ask("c", signals=asked).case is None


def test_a_seed_is_found_and_gone_within_a_second_in_another_process(store, database_url, tmp_path):
    with LiveProcess(database_url, tmp_path / "elsewhere") as other:
        assert other.refs(likeness(1, bits=9)) == []
        plant(store, "notice_1", likeness(1))
        started = time.monotonic()
        while not other.refs(likeness(1, bits=9)):
            assert time.monotonic() - started < 1
        pull(store, "notice_1")
        assert other.refs(likeness(1, bits=9)) == []  # from the commit on, whether or not it has followed


def test_two_notices_with_one_picture_keep_their_own_guards(store, tmp_path):
    live = S.opened(store, tmp_path / "index")
    plant(store, "notice_1", digest(1))
    plant(store, "notice_2", digest(1))
    assert pull(store, "notice_1") == 1
    live.catch_up()
    assert refs(live, digest(1)) == [NOTICES]
    assert pull(store, "notice_1") == 0
    assert pull(store, "notice_2") == 1
    assert refs(live, digest(1)) == []


def test_what_was_pulled_is_forgotten(store):
    plant(store, "notice_1", digest(1), likeness(1))
    pull(store, "notice_1")
    with store.read() as conn:
        assert set(conn.execute(select(entry_signals.c.value)).scalars()) == {b""}


def test_nothing_is_planted_on_the_childrens_track(store):
    with store.write() as conn:
        assert seeds.plant(conn, "notice_1", [signal(digest(1))], track=Track.CHILD, at=NOON) is None
        assert conn.execute(select(lists.c.id)).first() is None


def test_hashes_that_say_too_little_guard_nothing_and_too_many_are_refused(store):
    with store.write() as conn:
        weak = [signal(likeness(1), quality=49)]
        assert seeds.plant(conn, "notice_1", weak, track=Track.ADULT, at=NOON) is None
        with pytest.raises(RefusedError, match="at most"):
            seeds.plant(conn, "notice_1", [signal(digest(1))] * 402, track=Track.ADULT, at=NOON)


def test_no_curator_finds_the_list_or_makes_one_that_is_called_so(store):
    entry = plant(store, "notice_1", digest(1))
    curators = curation(store)
    with store.read() as conn:
        own = conn.execute(select(lists.c.id, lists.c.shared)).one()
        assert entry_records.all_lists(conn) == ()
        assert entry_records.list_named(conn, NOTICES) is None
        assert entry_records.refs_of(conn, [entry]) == {}
        assert not own.shared
    with pytest.raises(NotFoundError):
        curators.withdraw(own.id, "x", by=ANNA)
    with pytest.raises(NotFoundError):
        curators.add(own.id, [S.entry("x", digest(2))], None, by=ANNA)
    with pytest.raises(RefusedError, match=r"Rempart's own"):
        curators.create(name=NOTICES, by=BERT, mode=Mode.BLOCKING)


def test_several_who_plant_the_first_seed_at_once_make_one_list(store):
    start = threading.Barrier(3)

    def first(number):
        start.wait(10)
        return plant(store, f"notice_{number}", digest(number))

    with ThreadPoolExecutor(3) as threads:
        planted = list(threads.map(first, range(3)))
    with store.read() as conn:
        assert len(conn.execute(select(lists.c.id)).all()) == 1
        assert set(conn.execute(select(list_entries.c.id)).scalars()) == set(planted)


def test_copies_that_are_hosted_already_come_into_one_case_and_stay_where_they_are(site):
    site.check(1)
    copy(site, 2, of=1)
    site.check(3)
    plant(site.store, "notice_1", digest(1), likeness(1))
    site.runner.run_due()
    (case,) = site.open_cases()
    assert (case.kind, case.queue, case.priority) == ("lookback", "notices", 1)
    with site.store.read() as conn:
        assert cases.items_of(conn, case.id) == (1, 2)
        assert seeds.linked(conn, case.id) == ("notice_1",)
    assert site.told() == []
    assert site.item(1).verdict == "allow"


def test_what_only_looks_alike_gets_a_case_of_its_own(site):
    site.check(1)
    plant(site.store, "notice_1", likeness(1, bits=20))
    plant(site.store, "notice_2", likeness(1, bits=4))
    site.runner.run_due()
    (case,) = site.open_cases()
    with site.store.read() as conn:
        assert set(seeds.linked(conn, case.id)) == {"notice_1", "notice_2"}


def test_a_rule_that_names_seeds_hides_meanwhile_and_a_pulled_seed_lets_go(site):
    put(site.store, HIDE)
    site.check(1)
    plant(site.store, "notice_1", digest(1))
    site.runner.run_due()
    assert site.told() == [("photo-1", "allow", "hold", "new_entry")]
    pull(site.store, "notice_1")
    site.runner.run_due()
    assert site.told()[1:] == [("photo-1", "hold", "allow", "withdrawn")]
    with site.store.read() as conn:
        assert seeds.linked(conn, site.open_cases()[0].id) == ()


def test_a_policy_that_blocks_on_every_list_does_not_block_on_a_seed(site, check, store):
    put(store, BLOCK_ALL)
    site.check(1)
    plant(store, "notice_1", digest(1))
    site.runner.run_due()
    assert site.told() == []
    assert len(site.open_cases()) == 1
    answer = check.ask("b", signals=(digest(1),))
    assert (answer.verdict, answer.case) == ("allow", site.open_cases()[0].id)


def test_a_case_is_due_with_the_notice_that_led_to_it_and_never_later(site, check, store):
    soon, later = NOON + timedelta(hours=5), NOON + timedelta(hours=40)
    site.check(1)
    plant(store, "notice_1", digest(1), due=later)
    site.runner.run_due()
    assert site.open_cases()[0].due == NOON + timedelta(hours=24)  # the queue's own time is sooner
    plant(store, "notice_2", digest(1), due=soon)
    site.runner.run_due()
    assert site.open_cases()[0].due == soon


def test_a_deadline_that_is_past_makes_no_new_case_overdue(site, store):
    site.check(1)
    plant(store, "notice_1", digest(1), due=NOON - timedelta(days=30))
    site.runner.run_due()
    assert site.open_cases()[0].due > NOON


def test_a_seed_that_leads_to_very_many_items_opens_no_case_until_a_person_has_looked(site):
    for number in range(1, 8):
        copy(site, number, of=1, own=True)
    plant(site.store, "notice_1", likeness(1))
    site.runner.run_due()
    assert site.open_cases() == ()
    (leaf,) = site.leaves("lookback.stopped")
    assert '"items":7,"most":5' in leaf


def test_a_seed_that_uploads_match_far_more_than_usual_opens_no_more_cases(check, store):
    entry = plant(store, "notice_1", likeness(1))
    asked = [check.ask(f"p{n}", signals=(digest(n), likeness(1, bits=n % 20))) for n in range(12)]
    opened = [one.case for one in asked if one.case is not None]
    assert 0 < len(opened) < 12
    assert asked[-1].case is None
    assert asked[-1].verdict == "allow"
    with store.write() as conn:
        breaker.reset(conn, entry_subject(entry), by=CONSOLE, at=NOON, reason="it is the real one")
    with store.read() as conn:
        from rempart.store.jobs import jobs

        wanted = [row.payload for row in conn.execute(select(jobs)) if row.kind == "lookback"]
    assert {"entry": entry} in wanted


def test_however_many_notices_there_are_no_other_match_is_pushed_out(store, tmp_path):
    live, number = S.opened(store, tmp_path / "index"), S.new_list(store)
    for one in range(MOST_OWN + 5):
        plant(store, f"notice_{one}", likeness(1))
    S.add(store, number, S.entry("e1", likeness(1, bits=10)))
    live.catch_up()
    found = S.found(live, likeness(1))
    assert [one.list for one in found.matches].count(NOTICES) == MOST_OWN
    assert found.matches[-1].ref == "e1"
    assert not found.cut


def test_no_answer_says_that_there_is_a_seed(check, store):
    before = check.ask("a", signals=(digest(1), likeness(1)))
    plant(store, "notice_1", digest(1), likeness(1))
    after = check.ask("b", signals=(digest(1), likeness(1)))
    assert (before.verdict, before.outcome, before.matches) == (after.verdict, after.outcome, after.matches)


def test_a_match_with_a_list_that_blocks_is_still_decided_without_a_look(check, store):
    S.add(store, S.new_list(store), S.entry("e1", digest(1)))
    plant(store, "notice_1", digest(1))
    answer = check.ask("a", signals=(digest(1),))
    assert answer.verdict == "block"
    with store.read() as conn:
        case = cases.find(conn, answer.case)
    assert (case.queue, case.look) == ("exact", "none")


def test_bytes_are_kept_for_whoever_has_to_look(check, store):
    data = jpeg(1)
    plant(store, "notice_1", digest_bytes(data).sha256)
    answer = check.checker.submit(request("a", content=data)).result(60)
    with store.read() as conn:
        from rempart.items.records import items

        assert items.find(conn, "forum", "a").object is not None
    assert answer.case is not None


def copy(site: Site, number: int, *, of: int, own: bool = False) -> None:
    """An item with the bytes of another, or with bytes of its own that look the same."""
    from rempart.items.records import checks, signals
    from rempart.items.records.signals import ItemSignal
    from rempart.signals.outcome import Outcome
    from rempart.store.counters import next_number

    held = digest(number if own else of)
    with site.store.write() as conn:
        change = next_number(conn, "items")
        host(conn, number, sha256=bytes(held), verdict="allow")
        kept = [ItemSignal(signal=held, probe="exact"),
                ItemSignal(signal=likeness(of), probe="canonical", recipe="srgb8-full-v1", quality=90)]  # fmt: skip
        signals.add(conn, [signals.row_of(number, one, number=change) for one in kept])
        row = {
            "request": f"check_{number}", "item": number, "service": "forum", "outcome": Outcome.OK,
            "verdict": "allow", "rule": "otherwise", "policy": 0, "mark": 0, "facts": None, "case_id": None,
            "at": NOON,
        }  # fmt: skip
        checks.add(conn, [row])
