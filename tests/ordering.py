"""Orders of authorities in tests: a form that says everything, and the ways to carry one out."""

from datetime import timedelta

from actors import person, service
from desks import join_team
from duties import run_due
from hosting import host
from judging import ADA, LEA, RUI, judged
from noticing import a_writer
from rempart.cases.assessing.settling import FOLLOW
from rempart.cases.records import cases, decisions
from rempart.intake.notices import follow, removals
from rempart.people.permissions import Role, Scope
from rempart.people.records import approvals
from rempart.reports.orders import answering, clockwork, destroying, reading, taking
from rempart.reports.orders.records import clocks, orders, parts
from rempart.reports.orders.values import Named, OrderForm, OrderKind, PartKind, RecipientClass, Topic
from rempart.server.orders import links
from vaults import a_vault, put_in

LEO = person("leo", Role.LEAD)
AUDITOR = person("aud", Role.AUDITOR)
URL = "https://forum.example/photos/17"


def named(name=URL, kind=PartKind.URL, service=""):
    return Named(kind=kind, name=name, service=service)


def an_item(number, service="forum"):
    return named(f"photo-{number}", PartKind.ITEM, service)


def a_case(case_id):
    return named(case_id, PartKind.CASE)


class OrderDesk:
    """Who takes orders and carries them out, on a clock that is set by hand."""

    def __init__(self, store, *, vault=None):
        self.store, self.vault = store, vault or a_vault(store)
        self.clock = self.vault.clock
        with store.write() as conn:
            join_team(conn, RUI, ADA, LEA, LEO)

    def form(self, *about, kind=OrderKind.REMOVAL, **more):
        values = {
            "kind": kind, "authority": "OFAC, brigadier Martin", "reference": "PV 2026/17", "country": "FR",
            "received": self.clock() - timedelta(minutes=5), "authority_class": RecipientClass.POLICE,
            "topic": Topic.CHILD_SAFETY, "about": about or (named(),),
        } | more  # fmt: skip
        return OrderForm(**values)

    def take(self, *about, who=LEA, **more):
        form = self.form(*about, **more)
        with self.store.write() as conn:
            return taking.take(
                conn, form, who, service="forum", vault=self.vault, links=links(), at=self.clock()
            )  # fmt: skip

    def hosted(self, number, *, sealed=True, **more):
        """An item with its sealed bytes; gives the object's id."""
        with self.store.write() as conn:
            host(conn, number, **more)
        if not sealed:
            return None
        return put_in(self.vault, item=f"item:{number}", basis="policy", reference=f"check_{number}")

    def do(self, step, *args, **more):
        """A step of the room, in a transaction of its own."""
        with self.store.write() as conn:
            return step(conn, *args, at=self.clock(), **more)

    def file(self, order, who=LEA):
        with self.store.read() as conn:
            return reading.whole(conn, order, who, vault=self.vault, at=self.clock())

    def register(self, who=LEA, **more):
        with self.store.read() as conn:
            return reading.register(conn, who, keyring=self.vault.keyring, at=self.clock(), **more)

    def row(self, order):
        with self.store.read() as conn:
            return orders.find(conn, order)

    def parts(self, order):
        with self.store.read() as conn:
            return parts.of(conn, [order])

    def clocks(self, order):
        with self.store.read() as conn:
            return clocks.of(conn, [order])

    def case(self, order, place=0):
        name = self.parts(order)[place].case_id
        with self.store.read() as conn:
            return cases.find(conn, name)

    def judge(self, case_id, decision, **more):
        case = judged(self.store, self.vault, case_id, decision, **more)
        self.follow()
        return case

    def follow(self):
        handlers = {FOLLOW: follow.Follower(writer=a_writer(self.vault.keyring), clock=self.clock)}
        return run_due(self.store, handlers)

    def confirm(self, number):
        """A service says that an item is gone."""
        with self.store.write() as conn:
            decision = decisions.last_about(conn, number)
            by = service(decision.service, Scope.DECISIONS)
            removals.confirm(conn, decision.service, decision.id, by=by, at=self.clock())
        self.follow()

    def spoken(self):
        """What the operator is told now."""
        words = []
        with self.store.write() as conn:
            clockwork.speak(conn, alarm=lambda _, word: words.append(word), at=self.clock())
        return words

    def keep_on(self):
        with self.store.write() as conn:
            return clockwork.keep_on(conn, self.vault, at=self.clock())

    def ask_destroy(self, order, who=LEA):
        return self.do(destroying.ask, order, who, vault=self.vault)

    def second(self, approval, who=LEO, *, approve=True, **more):
        with self.store.write() as conn:
            found = approvals.find(conn, approval)
            return destroying.decide(
                conn, found, who, approve=approve, reason="looked", vault=self.vault, at=self.clock(), **more
            )  # fmt: skip

    def close(self, order, outcome, who=LEA, answer="Done, as you asked."):
        return self.do(answering.close, order, who, outcome=outcome, answer=answer, vault=self.vault)
