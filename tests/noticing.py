"""Notices in tests: a form that says everything, and the ways to hand it in."""

import secrets

from actors import NOON, service
from desks import join_team
from duties import run_due
from judging import ADA, LEA, RUI, judged
from rempart.cases.assessing.settling import FOLLOW
from rempart.cases.records import cases, decisions
from rempart.evidence.vault import HeldKeys
from rempart.intake.notices import follow, removals
from rempart.intake.notices.letters import Sender
from rempart.intake.notices.reading import by_number
from rempart.intake.notices.records import locations
from rempart.intake.notices.submit import submit
from rempart.intake.notices.values import Answer, Location, NoticeForm, Role
from rempart.intake.notices.writing import Writer
from rempart.people.permissions import Scope
from vaults import a_vault, key_text

REGIMES = ("us-tida", "uk-osa", "eu-dsa", "fr-lcen")
URL = "https://forum.example/photos/17"
HOME = "198.51.100.7"


def form(*urls, **more):
    """A notice that has every element, from the person in the picture."""
    values = {
        "language": "en", "role": Role.SELF, "minor": Answer.NO,
        "locations": tuple(Location(url=one) for one in urls or (URL,)), "explanation": "It shows me on my balcony.",
        "good_faith": True, "accurate": True, "intimate": True, "signature": "Ada Byron", "name": "Ada Byron",
        "contact": "ada@mail.example", "synthetic": Answer.NO,
    } | more  # fmt: skip
    return NoticeForm(**values)


def hashes(*frames, sha256=None):
    """The text that the page's own hashing makes, of random pictures where none are named."""
    sha256 = sha256 or secrets.token_bytes(32)
    frames = frames or ((secrets.token_bytes(32), 100),)
    lines = ["recipe srgb8-full-v1", f"sha256 {bytes(sha256).hex()}"]
    return "\n".join([*lines, *(f"{bytes(pdq).hex()} {quality}" for pdq, quality in frames)])


def a_writer(keyring=None, **more):
    """Who writes letters, with a keyring of its own."""
    return Writer(sender=Sender(page="https://forum.example/notice"), keyring=keyring or HeldKeys(key_text()), **more)


def sent(store, told, *, writer, at=NOON, regimes=REGIMES, address=HOME, **more):
    """Hand a notice in, in a transaction of its own."""
    with store.write() as conn:
        return submit(conn, told, service="forum", regimes=regimes, writer=writer, at=at, address=address, **more)


def read(store, told, *, writer, at=NOON, address=HOME):
    """The notice as the person who sent it sees it."""
    return by_number(store, told.number, told.secret, keyring=writer.keyring, address=address, at=at)


class NoticeDesk:
    """Who takes notices and decides about them, on a clock that is set by hand."""

    def __init__(self, store, *, keyring=None, vault=None):
        self.store, self.vault = store, vault or a_vault(store, keys=keyring)
        self.writer = a_writer(self.vault.keyring)
        self.clock = self.vault.clock

    def take(self, told=None, **more):
        return sent(self.store, told or form(), writer=self.writer, at=self.clock(), **more)

    def places(self, told):
        with self.store.read() as conn:
            return locations.of(conn, [told.notice])

    def case(self, told, place=0):
        with self.store.read() as conn:
            return cases.find(conn, self.places(told)[place].case_id)

    def decide(self, told, decision, place=0, **more):
        return self.judge(self.places(told)[place].case_id, decision, **more)

    def judge(self, case_id, decision, **more):
        case = judged(self.store, self.vault, case_id, decision, **more)
        self.follow()
        return case

    def follow(self):
        handlers = {FOLLOW: follow.Follower(writer=self.writer, clock=self.clock)}
        return run_due(self.store, handlers)

    def confirm(self, told, place=0):
        """A service says that what was at a place is gone."""
        one = self.places(told)[place]
        with self.store.write() as conn:
            decision = decisions.last_about(conn, one.item)
            by = service(decision.service, Scope.DECISIONS)
            removals.confirm(conn, decision.service, decision.id, by=by, at=self.clock())
        self.follow()

    def seen(self, told):
        return read(self.store, told, writer=self.writer, at=self.clock())


def with_team(store):
    """A desk with two reviewers and a lead."""
    with store.write() as conn:
        join_team(conn, RUI, ADA, LEA)
    return NoticeDesk(store)
