"""Restrictions of every kind as tests need them, and the statements that follow."""

from contextlib import contextmanager
from datetime import timedelta

from hosting import Found, host
from rempart.cases.events import Reason, publish, publish_account
from rempart.cases.opening import CaseItem, open_case
from rempart.items.records import checks, items
from rempart.people.principal import SYSTEM
from rempart.policy.facts import Verdict
from rempart.reports.reasons import statements
from rempart.reports.reasons.dsa.connection import Database
from rempart.reports.reasons.dsa.filing import FILE, Batcher, Filer
from rempart.reports.reasons.follow import Follower
from rempart.reports.reasons.grounds import Grounds
from rempart.reports.reasons.making import Maker
from rempart.reports.reasons.wording import Operator
from rempart.store.jobs import JobRunner, release_jobs_of
from rempart.store.workers import Worker
from vaults import Hands

OPERATOR = Operator(
    name="A small forum", complaints="https://forum.example/complaints", disputes="A board, board.example",
    courts="the courts of Rennes", terms="https://forum.example/terms", countries=("FR", "DE"),
)  # fmt: skip


def maker(**more):
    return Maker(**({"operator": OPERATOR, "grounds": Grounds()} | more))


@contextmanager
def following(store, made=None):
    """Call it to follow what happened; gives how many statements were made."""
    with Worker(store) as worker:
        follower = Follower(store, made or maker())
        yield lambda: follower.run(worker)


def follow(store, made=None):
    with following(store, made) as run:
        return run()


def checked(conn, number, verdict, *, at, rule="similar-match", matches=(), service="forum", again=False, **more):
    """An answer about an item, as the recorder writes it."""
    request = f"check_{number}_{int(at.timestamp() * 1e6)}"
    values = {"verdict": verdict, "request": request, "checked": at, **more}
    if again:
        items.change(conn, number, **values)
    else:
        host(conn, number, **({"service": service, "created": at} | values))
    row = {
        "request": request, "item": number, "service": service, "outcome": "ok", "verdict": verdict, "rule": rule,
        "policy": 1, "mark": 0, "facts": {"matches": list(matches)} if matches else None, "case_id": None, "at": at,
    }  # fmt: skip
    checks.add(conn, [row])
    return request


def match(scheme="uk-abc", code="B", *, distance=0, mode="blocking"):
    return {
        "list": "the list nobody may know", "entry": "entry-secret", "signal": "sha256", "distance": distance,
        "scheme": scheme, "code": code, "opinion": "positive", "facet": None, "probe": "exact", "list_id": "list_1",
        "mode": mode, "entry_id": 7,
    }  # fmt: skip


def told(conn, number, verdict, *, at, reason=Reason.NEW_ENTRY, case_id=None):
    """A decision about an item, as look-back or a settled case tells it."""
    item = items.hosted(conn, number)
    items.change(conn, number, verdict=verdict, decided=verdict if reason is Reason.CASE else None)
    return publish(conn, item, verdict=Verdict(verdict), reason=reason, case_id=case_id, by=SYSTEM, at=at)


def account_blocked(conn, uploader, *, case_id, at, service="forum"):
    return publish_account(conn, service=service, uploader=uploader, case_id=case_id, by=SYSTEM, at=at)


def feed(store, *, after=0, service="forum"):
    """What a service reads."""
    with store.read() as conn:
        return [statements.told(one) for one in statements.after(conn, service=service, seq=after, most=1_000)]


def seconds(number):
    return timedelta(seconds=number)


@contextmanager
def filing(store, server, *, token="t"):
    """Call it to follow what happened and to file what is due, `later` seconds after the last time."""
    hands = Hands() if store.clock.__class__ is not Hands else store.clock
    store.clock = hands
    with Worker(store, on_death=release_jobs_of) as worker:
        follower, batcher = Follower(store, maker(filing=True)), Batcher(store)
        filer = Filer(store, lambda: Database(server.url, token, seconds=0.4), clock=hands)
        runner = JobRunner(store, worker, {FILE: filer})

        def go(*, later=60, only_follow=False):
            follower.run(worker)
            if only_follow:
                return
            hands.go_on(seconds=later)
            while batcher.run(worker):
                pass
            runner.run_due()

        yield go


def case_of(conn, number, *, at, scheme="vic-us", code="1", **more):
    """An open case about an item that was checked."""
    item = items.hosted(conn, number)
    values = {"kind": "match", "queue": "similar", "assessors": 2, "reason": "similar-match"} | more
    return open_case(
        conn, item=CaseItem(id=number, service=item.service, sha256=item.sha256),
        matches=[Found(scheme=scheme, code=code)], policy_version=1, by=SYSTEM, at=at, **values,
    )  # fmt: skip
