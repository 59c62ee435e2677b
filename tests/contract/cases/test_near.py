"""Near-duplicates: found in the index, laid beside a case, confirmed one by one, and never by association."""

from hashlib import sha256

import pytest
from sqlalchemy import text

from hosting import host
from judging import ADA, LEA, NO, REMOVE, REPORT, RUI, answered, decided, settled
from rempart.cases.assessing import near
from rempart.cases.opening import CaseItem, open_case
from rempart.cases.records import cases as records
from rempart.cases.records import decisions, searches
from rempart.cases.work import claims
from rempart.errors import ConflictError, NotFoundError
from rempart.evidence.vault.records import kept_for
from rempart.items.lookback import ItemIndex
from rempart.items.records import items, signals
from rempart.items.records.signals import ItemSignal
from rempart.people.principal import SYSTEM
from rempart.policy.facts import Verdict
from rempart.signals.values import PdqHash
from rempart.store.counters import next_number
from vaults import a_vault, put_in

CLUSTER, LIKE, COPY, FAR = (bytes([one]) * 32 for one in (1, 2, 2, 4))


def likeness(bits):
    """The picture's perceptual hash, with so many bits turned."""
    value = int.from_bytes(sha256(b"picture").digest())
    return PdqHash((value ^ ((1 << bits) - 1)).to_bytes(32))


class Site:
    """A case about item 1; items 2 and 3 (the same bytes) look like it, item 4 less so, item 5 not at all."""

    def __init__(self, store, folder):
        self.store, self.vault = store, a_vault(store)
        self.index = ItemIndex(store, folder, store.clock, radius=31)
        self.index.open()
        for number, (digest, bits) in enumerate(
            [(CLUSTER, 0), (LIKE, 6), (COPY, 6), (FAR, 20), (b"x" * 32, 90)], start=1
        ):
            self.host(number, digest, bits)
        self.case = self.opened(1, CLUSTER)

    def host(self, number, digest, bits, **more):
        with self.store.write() as conn:
            change = next_number(conn, "items")
            host(conn, number, sha256=digest, verdict="allow", **more)
            kept = ItemSignal(signal=likeness(bits), probe="canonical", recipe="srgb8-full-v1", quality=90)
            signals.add(conn, [signals.row_of(number, kept, number=change)])

    def opened(self, number, digest):
        with self.store.write() as conn:
            return open_case(
                conn, kind="match", queue="similar", assessors=1, matches=[], reason="r", policy_version=1, by=SYSTEM,
                item=CaseItem(id=number, service="forum", sha256=digest), at=self.store.clock(),
            )  # fmt: skip

    def claim(self, who=RUI, case=None):
        with self.store.write() as conn:
            claims.claim(conn, case or self.case, who, at=self.store.clock())

    def propose(self, who=RUI):
        return near.propose(self.store, self.index, self.case, who=who, clock=self.store.clock)

    def say(self, item, *, same=True, who=RUI):
        self.claim(who)
        with self.store.write() as conn:
            step = near.confirm if same else near.reject
            step(conn, self.case, item, who=who, at=self.store.clock())

    def shown(self, who=RUI):
        with self.store.read() as conn:
            return near.of_case(conn, self.case, who)

    def verdicts(self):
        with self.store.read() as conn:
            return [items.hosted(conn, number).verdict.value for number in range(1, 6)]

    def ending(self, case):
        with self.store.read() as conn:
            return records.find(conn, case).decision


@pytest.fixture
def site(store, tmp_path):
    return Site(store, tmp_path / "items")


def test_what_looks_alike_is_laid_beside_once_for_its_bytes_and_the_search_is_on_record(site):
    assert site.propose() == 2
    assert [(one.item, one.distance, one.own, one.state) for one in site.shown()] == [
        (2, 6, None, "proposed"), (4, 20, None, "proposed"),
    ]  # fmt: skip
    assert site.propose() == 0
    with site.store.read() as conn:
        (_, made) = searches.recent(conn, before=None, most=9)
        assert (made.by, made.facts["items"]) == (RUI.pseudonym, 2)
        leaves = conn.execute(text("SELECT body FROM ledger_leaves")).scalars().all()
    assert sum("search.made" in body for body in leaves) == 2


def test_what_was_confirmed_and_its_copies_follow_and_the_others_do_not(site):
    site.propose()
    site.say(2)
    site.say(4, same=False)
    answered(site.store, site.case, REMOVE)
    settled(site.store, site.vault)
    assert site.verdicts() == ["block", "block", "block", "allow", "allow"]
    with site.store.read() as conn:
        assert records.items_of(conn, site.case) == (1, 2, 3)


def test_nobody_follows_who_was_not_looked_at(site):
    site.propose()
    answered(site.store, site.case, REMOVE)
    settled(site.store, site.vault)
    assert site.verdicts() == ["block", "allow", "allow", "allow", "allow"]


def test_without_a_claim_nothing_is_said_and_only_of_what_lies_there(site):
    site.propose()
    with site.store.write() as conn, pytest.raises(ConflictError, match="not claimed"):
        near.confirm(conn, site.case, 2, who=RUI, at=site.store.clock())
    site.claim(ADA)
    with site.store.write() as conn, pytest.raises(ConflictError, match="not claimed"):
        near.confirm(conn, site.case, 2, who=RUI, at=site.store.clock())
    with site.store.write() as conn, pytest.raises(NotFoundError):
        near.confirm(conn, site.case, 5, who=ADA, at=site.store.clock())


def test_a_case_of_its_own_ends_as_merged_with_its_items_and_evidence(site):
    other = site.opened(2, LIKE)
    kept = put_in(site.vault, reference=other)
    site.propose()
    assert site.shown()[0].case_id == other
    site.say(2)
    decided(site.store, site.vault, site.case, REMOVE, REPORT)
    assert (site.ending(other), site.ending(site.case)) == ("merged", "remove")
    with site.store.read() as conn:
        assert kept_for(conn, basis="case", reference=other, most=9) == ()
        (task,) = conn.execute(text("SELECT id FROM case_tasks")).scalars()
        assert kept_for(conn, basis="case_task", reference=task, most=9) == (kept,)


def test_a_case_in_which_somebody_answered_stays_apart(site):
    other = site.opened(2, LIKE)
    site.propose()
    site.say(2)
    answered(site.store, other, NO, by=ADA)
    answered(site.store, site.case, REMOVE)
    settled(site.store, site.vault)
    assert (site.ending(other), site.ending(site.case)) == ("release", "remove")
    assert site.verdicts()[1] == "allow"
    assert site.shown()[0].state == "apart"


def test_the_second_person_sees_nothing_of_what_the_first_said_of_them(site):
    site.propose()
    before = site.shown(ADA)
    with site.store.read() as conn:
        there = records.items_of(conn, site.case)
    site.say(2)
    answered(site.store, site.case, REMOVE, REPORT)
    settled(site.store, site.vault)
    assert site.verdicts()[1] == "block"  # a take-down waits for nobody
    assert site.shown(ADA) == before
    with site.store.read() as conn:
        assert records.items_of(conn, site.case) == there, "the case has not grown"
    site.say(2, who=ADA)
    answered(site.store, site.case, REMOVE, REPORT, by=ADA)
    settled(site.store, site.vault)
    with site.store.read() as conn:
        assert 2 in set(records.items_of(conn, site.case)) - set(there), "it joins when all have answered"


def test_what_a_first_take_down_reached_is_given_back_when_a_lead_decides_otherwise(site):
    site.propose()
    site.say(2)
    answered(site.store, site.case, REMOVE, REPORT)
    settled(site.store, site.vault)
    answered(site.store, site.case, NO, by=ADA)
    settled(site.store, site.vault)
    assert site.verdicts()[:2] == ["block", "block"]
    answered(site.store, site.case, NO, by=LEA)
    settled(site.store, site.vault)
    assert site.verdicts() == ["allow"] * 5


def test_what_the_second_says_is_another_picture_is_given_back(site):
    site.propose()
    site.say(2)
    answered(site.store, site.case, REMOVE, REPORT)
    settled(site.store, site.vault)
    assert site.verdicts()[1] == "block"
    site.say(2, same=False, who=ADA)
    answered(site.store, site.case, REMOVE, REPORT, by=ADA)
    settled(site.store, site.vault)
    assert site.verdicts() == ["block", "allow", "allow", "allow", "allow"]
    with site.store.read() as conn:
        said = [(row.item_id, row.verdict) for row in decisions.after(conn, service="forum", seq=0, most=99)]
        assert items.hosted(conn, 2).decided is None
    assert said.count(("photo-2", "block")) == said.count(("photo-2", "allow")) == 1


def test_one_who_changes_their_mind_is_heard_with_the_last_word(site):
    site.propose()
    site.say(2)
    site.say(2, same=False)
    assert (site.shown()[0].own, site.shown()[0].different) == (False, 0)
    answered(site.store, site.case, REMOVE)
    settled(site.store, site.vault)
    assert site.verdicts()[1] == "allow"


def test_a_decided_case_keeps_no_digest_of_what_lay_beside_it(site):
    site.propose()
    site.say(2)
    answered(site.store, site.case, REMOVE)
    settled(site.store, site.vault)
    with site.store.read() as conn:
        assert set(conn.execute(text("SELECT sha256 FROM case_near")).scalars()) == {None}
        assert items.hosted(conn, 2).verdict is Verdict.BLOCK
