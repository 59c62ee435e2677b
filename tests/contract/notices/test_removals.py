"""From a decision to the service's word that it is gone; copies that were found; and the switch to a child's matter."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from actors import NOON, person, service
from backlooking import digest, likeness
from hosting import Found, host
from judging import LEA, NO, REMOVE, RUI, judged
from noticing import a_writer, form, hashes, read, sent
from rempart.cases.assessing.settling import FOLLOW
from rempart.cases.opening import CaseItem, open_case
from rempart.cases.records import cases, decisions
from rempart.cases.webhooks import message_body
from rempart.errors import NotFoundError, NotPermittedError
from rempart.intake.notices import findings, removals, seeds, track
from rempart.intake.notices.complaints import complain
from rempart.intake.notices.follow import Follower
from rempart.intake.notices.records import locations, notices, signals
from rempart.intake.notices.records import removals as records
from rempart.intake.notices.records import seeds as seed_records
from rempart.intake.notices.removals import alarm_at
from rempart.intake.notices.withdrawal import withdraw
from rempart.intake.upload_erasure import erase_item
from rempart.items.records import items
from rempart.lists.own import NOTICES
from rempart.lists.records import entry_signals
from rempart.people.permissions import Role, Scope
from rempart.people.principal import SYSTEM
from rempart.store.jobs import JobRunner
from rempart.store.workers import Worker
from vaults import a_vault

FORUM, WIKI = service("forum", Scope.DECISIONS), service("wiki", Scope.DECISIONS)
ODA = person("oda", Role.AUDITOR)


@dataclass
class Site:
    """A service that hosts pictures, notices about them, and people who decide."""

    store: object
    vault: object
    writer: object
    follow: object

    @property
    def now(self):
        return self.store.clock()

    def later(self, **time):
        self.vault.clock.go_on(**time)

    def host(self, number, *, sha256=None, **more):
        with self.store.write() as conn:
            url = f"https://forum.example/{number}"
            return host(conn, number, url=url, sha256=sha256 or bytes(digest(number)), verdict="allow", **more)

    def notice(self, number, **more):
        return sent(self.store, form(f"https://forum.example/{number}", **more), writer=self.writer, at=self.now)

    def place(self, told):
        with self.store.read() as conn:
            return locations.of(conn, [told.notice])[0]

    def judge(self, case_id, decision=REMOVE):
        judged(self.store, self.vault, case_id, decision)
        self.follow()

    def told(self, item):
        with self.store.read() as conn:
            return decisions.last_about(conn, item)

    def confirm(self, decision, *, by=FORUM):
        with self.store.write() as conn:
            since = removals.confirm(conn, by.service, decision, by=by, at=self.now)
        self.follow()
        return since

    def waiting(self):
        with self.store.read() as conn:
            return records.unconfirmed(conn, most=100)

    def leaves(self, action):
        with self.store.read() as conn:
            found = conn.execute(text("SELECT body FROM ledger_leaves")).scalars().all()
        return [body for body in found if f'"action":"{action}"' in body]

    def speak(self):
        said = []
        with self.store.write() as conn:
            removals.speak(conn, alarm=lambda _, word: said.append(word), at=self.now)
        return said

    def found_in(self, told, *numbers, of=1):
        """A case to which the notice's seed led, about other items."""
        seed = Found(list=NOTICES, opinion="investigation_seed", entry_id=self.entry(told), distance=14)
        with self.store.write() as conn:
            for number in numbers:
                item = items.hosted(conn, number)
                case_id = open_case(
                    conn, kind="lookback", queue="notices", assessors=1, matches=[seed], reason="notice",
                    item=CaseItem(id=number, service="forum", sha256=item.sha256), policy_version=0, by=SYSTEM,
                    at=self.now,
                )  # fmt: skip
        return case_id

    def entry(self, told):
        with self.store.read() as conn:
            return seed_records.last_of(conn, told.notice).entry


@pytest.fixture
def site(store):
    vault = a_vault(store)
    writer = a_writer()
    with Worker(store) as worker:
        runner = JobRunner(store, worker, {FOLLOW: Follower(writer=writer, clock=vault.clock)})
        yield Site(store, vault, writer, runner.run_due)


def test_it_counts_as_removed_only_when_the_service_says_so(site):
    site.host(1)
    told = site.notice(1)
    site.judge(site.place(told).case_id)
    assert site.place(told).state == "removing"
    (waiting,) = site.waiting()
    assert (waiting.item, waiting.service, waiting.due) == (1, "forum", told.due)
    site.later(minutes=5)
    assert site.confirm(waiting.decision) == site.now
    place = site.place(told)
    assert (place.state, place.removed_at) == ("removed", site.now)
    assert site.waiting() == ()
    assert [one.state.value for one in read(site.store, told, writer=site.writer, at=site.now).places] == ["removed"]
    with site.store.read() as conn:
        assert notices.find(conn, told.notice).outcome == "removed"


def test_saying_it_twice_is_harmless_and_keeps_the_first_time(site):
    site.host(1)
    told = site.notice(1)
    site.judge(site.place(told).case_id)
    first = site.confirm(site.told(1).id)
    site.later(hours=1)
    assert site.confirm(site.told(1).id) == first
    assert len(site.leaves("removal.confirmed")) == 1
    assert site.place(told).removed_at == first


def test_another_service_finds_no_such_decision(site):
    site.host(1)
    told = site.notice(1)
    site.judge(site.place(told).case_id)
    for decision, by in ((site.told(1).id, WIKI), ("decision_none", FORUM)):
        with pytest.raises(NotFoundError):
            site.confirm(decision, by=by)
    assert site.place(told).state == "removing"


def test_of_what_stays_there_is_nothing_to_confirm(site):
    site.host(1)
    told = site.notice(1)
    site.judge(site.place(told).case_id, NO)
    assert site.told(1).verdict == "allow"
    assert site.confirm(site.told(1).id) is None
    assert site.place(told).state == "kept"
    assert site.leaves("removal.confirmed") == []


def test_a_confirmation_that_comes_before_anybody_waits_for_it_counts(site):
    site.host(1)
    told = site.notice(1)
    judged(site.store, site.vault, site.place(told).case_id, REMOVE)
    with site.store.write() as conn:
        removals.confirm(conn, "forum", site.told(1).id, by=FORUM, at=site.now)
    site.follow()
    assert site.place(told).state == "removed"
    assert site.waiting() == ()


def test_what_no_notice_asked_for_is_confirmed_and_never_alarms(site):
    site.host(1)
    with site.store.write() as conn:
        case_id = open_case(
            conn, kind="match", queue="exact", assessors=1, matches=[], reason="x", policy_version=0, by=SYSTEM,
            item=CaseItem(id=1, service="forum", sha256=bytes(digest(1))), at=site.now,
        )  # fmt: skip
    site.judge(case_id)
    site.later(days=30)
    assert site.speak() == []
    assert site.confirm(site.told(1).id) == site.now


def test_what_is_not_confirmed_alarms_before_the_time_is_up_and_again_when_it_is(site):
    site.host(1)
    told = site.notice(1)
    site.judge(site.place(told).case_id)
    site.later(hours=41, minutes=59)
    assert site.speak() == []
    site.later(minutes=2)
    (word,) = site.speak()
    assert (word.service, word.count, word.due, word.overdue) == ("forum", 1, told.due, False)
    assert site.speak() == []
    site.later(hours=6)
    assert [one.overdue for one in site.speak()] == [True]
    assert site.speak() == []
    site.later(hours=24)
    assert [one.overdue for one in site.speak()] == [True]
    site.confirm(site.told(1).id)
    site.later(days=9)
    assert site.speak() == []
    assert len(site.leaves("removal.warned")) == 1
    assert len(site.leaves("removal.overdue")) == 2
    assert '"late":true' in site.leaves("removal.confirmed")[0]


@pytest.mark.parametrize("hours", [43, 60])
def test_a_server_that_was_down_says_so_when_it_starts_and_once(site, hours):
    site.host(1)
    told = site.notice(1)
    site.judge(site.place(told).case_id)
    site.later(hours=hours)
    said = []
    with Worker(site.store) as worker:
        works = removals.periodics(site.store, alarm=lambda _, word: said.append(word))
        for _ in range(2):
            works[0].run(worker)
    assert [one.overdue for one in said] == [hours > 48]


TIMES = [(0, 48, 42), (40, 48, 44), (47, 48, 47.5), (48, 48, 48), (50, 48, 50)]


@pytest.mark.parametrize(("asked", "due", "when"), TIMES)
def test_the_first_alarm_always_leaves_some_time(asked, due, when):
    at = alarm_at(NOON + timedelta(hours=asked), NOON + timedelta(hours=due))
    assert at == NOON + timedelta(hours=when)
    assert at < NOON + timedelta(hours=due) or asked >= due


def test_many_that_wait_are_one_alarm_for_each_service(site):
    for number in (1, 2, 3):
        site.host(number)
        site.judge(site.place(site.notice(number)).case_id)
    site.later(hours=43)
    assert [(one.service, one.count) for one in site.speak()] == [("forum", 3)]


def test_what_a_service_deletes_is_removed(site):
    site.host(1)
    told = site.notice(1)
    site.judge(site.place(told).case_id)
    erase_item(site.store, "forum", "photo-1", by=FORUM, at=site.now)
    site.follow()
    assert site.place(told).state == "removed"
    assert site.waiting() == ()


def test_what_was_released_again_is_waited_for_no_more(site):
    site.host(1)
    told = site.notice(1)
    site.judge(site.place(told).case_id)
    with site.store.write() as conn:
        items.change(conn, 1, verdict="allow", decided="allow")
    site.later(hours=43)
    assert site.speak() == []
    assert site.waiting() == ()


def test_a_place_that_no_service_asked_about_is_told_with_its_address(site):
    told = site.notice(7)
    place = site.place(told)
    site.judge(place.case_id)
    decision = site.told(place.item)
    with site.store.read() as conn:
        found = decisions.find(conn, decision.id)
        (listed,) = decisions.after(conn, service="forum", seq=0, most=9)
    assert listed == found
    assert found.url == "https://forum.example/7"
    assert b'"url":"https://forum.example/7"' in message_body(found)
    site.confirm(found.id)
    assert site.place(told).state == "removed"


def test_of_items_that_it_asked_about_a_service_is_told_no_address(site):
    site.host(1)
    site.judge(site.place(site.notice(1)).case_id)
    with site.store.read() as conn:
        assert decisions.find(conn, site.told(1).id).url is None


def test_identical_and_similar_copies_are_found_apart(site):
    site.host(1)
    site.host(2, sha256=bytes(digest(1)))
    site.host(3)
    told = site.notice(1, signals=hashes((bytes(likeness(1)), 90), sha256=digest(1)))
    with site.store.write() as conn:
        cases.add_item(conn, case_id=site.place(told).case_id, item=2, service="forum", added=site.now)
    site.judge(site.place(told).case_id)
    similar = site.found_in(told, 3)
    with site.store.read() as conn:
        assert seeds.linked(conn, similar) == (told.notice,)
    site.judge(similar)
    with site.store.read() as conn:
        found = findings.of(conn, told.notice)
    assert [(one.item, one.kind, one.distance) for one in found] == [(2, "identical", None), (3, "similar", 14)]
    assert found[0].location == site.place(told).id
    assert {one.by for one in found} == {RUI.pseudonym}
    assert {one.item: one.due for one in site.waiting()} == {1: told.due, 2: told.due, 3: told.due}
    for one in site.leaves("finding.recorded"):
        assert "loc_" not in one
        assert "photo" not in one


def test_when_people_let_it_stay_nothing_is_guarded_until_a_complaint_is_upheld(site):
    site.host(1)
    told = site.notice(1, signals=hashes((bytes(likeness(1)), 90)))
    before = site.entry(told)
    site.judge(site.place(told).case_id, NO)
    with site.store.write() as conn:
        assert seeds.pull(conn, told.notice, at=site.now) == 0
        (again,) = complain(conn, told.notice, "It is me.", writer=site.writer, at=site.now)
    site.judge(again)
    assert site.place(told).state == "removing"
    site.confirm(site.told(1).id)
    assert site.entry(told) > before
    with site.store.write() as conn:
        assert seeds.pull(conn, told.notice, at=site.now) == 1


def test_what_people_let_stay_is_no_finding(site):
    site.host(1)
    site.host(3)
    told = site.notice(1, signals=hashes((bytes(likeness(1)), 90)))
    site.judge(site.found_in(told, 3), NO)
    with site.store.read() as conn:
        assert findings.of(conn, told.notice) == ()


def test_a_copy_that_came_long_after_has_the_usual_time(site):
    site.host(1)
    told = site.notice(1, signals=hashes((bytes(likeness(1)), 90)))
    site.later(days=60)
    site.host(3)
    site.judge(site.found_in(told, 3))
    (waiting,) = [one for one in site.waiting() if one.item == 3]
    assert waiting.due == site.told(3).at + removals.USUAL


def test_what_a_notice_that_was_taken_back_led_to_is_removed_without_its_clock(site):
    site.host(1)
    told = site.notice(1)
    with site.store.write() as conn:
        withdraw(conn, told.notice, writer=site.writer, at=site.now)
    site.judge(site.place(told).case_id)
    assert [one.due for one in site.waiting()] == [site.told(1).at + removals.USUAL]


def test_when_a_child_is_suspected_the_hash_leaves_every_list_and_the_case_goes_to_child_safety(site):
    site.host(1)
    site.host(3)
    told = site.notice(1, signals=hashes((bytes(likeness(1)), 90)))
    other = site.found_in(told, 3)
    with site.store.write() as conn:
        assert track.switch(conn, told.notice, who=RUI, at=site.now)
    with site.store.read() as conn:
        assert notices.find(conn, told.notice).track == "child"
        assert {bytes(one) for one in conn.execute(select(entry_signals.c.value)).scalars()} == {b""}
        assert {one.value for one in signals.of(conn, told.notice)} == {b""}
        moved = [cases.find(conn, one) for one in (site.place(told).case_id, other)]
    assert {(one.queue, one.priority) for one in moved} == {("child-safety", 1)}
    with site.store.write() as conn:
        assert not track.switch(conn, told.notice, who=LEA, at=site.now)
    assert len(site.leaves("notice.track_switched")) == 1
    assert len(site.leaves("case.moved")) == 2


def test_who_may_not_decide_switches_no_track_and_an_insiders_notice_is_for_leads(site):
    site.host(1)
    told = site.notice(1, insider=True)
    with site.store.write() as conn:
        with pytest.raises(NotPermittedError):
            track.switch(conn, told.notice, who=ODA, at=site.now)
        for name in (told.notice, "notice_none"):
            with pytest.raises(NotFoundError):
                track.switch(conn, name, who=RUI, at=site.now)
        assert track.switch(conn, told.notice, who=LEA, at=site.now)


def test_after_a_restore_a_switched_track_and_pulled_seeds_are_so_again(site):
    site.host(1)
    told = site.notice(1, signals=hashes((bytes(likeness(1)), 90)))
    entry = site.entry(told)
    with site.store.write() as conn:
        assert track.switch_again(conn, told.notice, at=site.now)
        assert seeds.pull_again(conn, [entry], at=site.now)
        assert not track.switch_again(conn, told.notice, at=site.now)
        assert not seeds.pull_again(conn, [entry], at=site.now)
        assert notices.find(conn, told.notice).track == "child"
        assert cases.find(conn, site.place(told).case_id).queue == "child-safety"
        assert seeds.pull(conn, told.notice, at=site.now) == 0
