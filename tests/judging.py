"""Judging cases in tests: people who claim and answer, and the job that lets what they said take effect."""

from contextlib import contextmanager
from functools import partial

from actors import person
from duties import run_due
from rempart.cases.assessing.answering import SETTLE, assess
from rempart.cases.assessing.listing import Lister
from rempart.cases.assessing.settling import Settler, nothing_asked
from rempart.cases.assessing.tasks import LIST
from rempart.cases.assessing.values import Assessment, Decision
from rempart.cases.records import cases as records
from rempart.cases.work import claims, settings
from rempart.lists.entry import Category
from rempart.people.permissions import Role

RUI, ADA = person("rui", Role.REVIEWER), person("ada", Role.REVIEWER)
LEA = person("lea", Role.LEAD)
NO, REMOVE, RESTRICT = Decision.NO_VIOLATION, Decision.REMOVE, Decision.RESTRICT
REPORT, REFER = Decision.REPORT, Decision.REFER
ADD_TO_LIST, BLOCK_ACCOUNT = Decision.ADD_TO_LIST, Decision.BLOCK_ACCOUNT
CATEGORY = Category(scheme="uk-abc", code="B")


def answered(store, case_id, *decisions, by=RUI, at=None, alone_after=None, **more):
    """Claim a case and answer; gives how it then stands for whoever answered."""
    moment = at or store.clock()
    values = {"decisions": frozenset(decisions), "rationale": "seen it"} | more
    if "category" not in more and NO not in decisions:
        values["category"] = CATEGORY
    with store.write() as conn:
        token = claims.claim(conn, case_id, by, at=moment).token
        return assess(
            conn, case_id, Assessment(**values), who=by, token=token, at=moment, alone_after=alone_after
        )  # fmt: skip


@contextmanager
def settler(store, vault, *, curation=None, at_once=25, asked=nothing_asked):
    """What runs settling jobs; call it to run all that are due. `asked` is told of each outcome."""
    handlers = {SETTLE: Settler(store, vault=vault, clock=store.clock, at_once=at_once, asked=asked)}
    if curation is not None:
        handlers[LIST] = Lister(store, curation=curation, clock=store.clock)
    yield partial(run_due, store, handlers)


def settled(store, vault, *, later=30, **more):
    """Let the undo windows pass on a vault's clock, and run what is due."""
    vault.clock.go_on(seconds=later)
    with settler(store, vault, **more) as run:
        return run()


def decided(store, vault, case_id, *decisions, people=(RUI, ADA), **more):
    """Two people who say the same, each of them settled; gives the case."""
    for who in people:
        with store.read() as conn:
            if records.find(conn, case_id).state != "open":
                break
        answered(store, case_id, *decisions, by=who, **more)
        settled(store, vault)
    with store.read() as conn:
        return records.find(conn, case_id)


def no_window(store):
    """Let every answer take effect at once: nobody waits to take it back."""
    with store.write() as conn:
        version, _ = settings.current(conn)
        if version == 0:
            settings.put(conn, {"undo_seconds": 0}, by=LEA, at=store.clock())


def judged(store, vault, case_id, decision, *, people=(RUI, ADA), **more):
    """Judge a case at once, with as many people as it wants; gives the case."""
    no_window(store)
    for who in people:
        with store.read() as conn:
            if records.find(conn, case_id).state != "open":
                break
        answered(store, case_id, decision, by=who, **more)
        with settler(store, vault) as run:
            run()
    with store.read() as conn:
        return records.find(conn, case_id)


def assess_over(client, case_id, decision, **more):
    """One answer through the API, as `release` or `remove`."""
    word = {"release": "no_violation"}.get(decision, decision)
    return client.post(f"/v1/cases/{case_id}/assessments", json={"decisions": [word], "rationale": "seen"} | more)
