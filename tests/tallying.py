"""Leaves like those of a working service for tests of public figures, and counting them the plain way."""

import random
from collections import Counter
from datetime import UTC, datetime

from rempart.evidence.ledger import Leaf, append_many
from rempart.reports.transparency.counting import count
from rempart.reports.transparency.folding import fold

PROBES = ("exact", "canonical", "mirrored")
CATEGORIES = ("STATEMENT_CATEGORY_PROTECTION_OF_MINORS", "STATEMENT_CATEGORY_CYBER_VIOLENCE")


def leaf(action, **facts):
    return Leaf(action=action, actor="svc-1", facts=facts, subject="item:1")


def some_leaves(seed, count):
    """Leaves of every kind that is counted, and of some that are not, in a mixture that a seed decides."""
    chance = random.Random(seed)
    kinds = (_check, _case, _notice, _told, _complaint, _statement, _order, _report, _other)
    return [chance.choice(kinds)(chance) for _ in range(count)]


def _detectors(chance):
    return [{"list": f"list_{chance.randrange(3)}", "probe": chance.choice(PROBES)} for _ in range(chance.randrange(3))]


def _check(chance):
    facts = {"verdict": chance.choice(("allow", "hold", "block")), "outcome": chance.choice(("ok", "unreadable"))}
    rule = chance.choice(("similar-match", "decided"))
    return leaf("check.answered", **facts, rule=rule, policy=1, matches=_detectors(chance))


def _case(chance):
    decision = chance.choice(("remove", "remove", "restrict", "release", "acted", "merged"))
    facts = {"decision": decision, "decisions": [], "kind": "match", "queue": "similar", "people": 2, "single": False}
    if chance.random() < 0.2:
        return leaf("case.decided", **facts, round=2, before=chance.choice(("remove", "release")),
                    detectors=_detectors(chance))  # fmt: skip
    return leaf("case.decided", **facts, round=1, took=chance.randrange(5, 3000, 5), detectors=_detectors(chance))


def _notice(chance):
    role = {} if chance.random() < 0.3 else {"role": chance.choice(("self", "flagger", "bystander"))}
    regimes = ["own", *chance.sample(("eu-dsa", "uk-osa"), chance.randrange(3))]
    return leaf("notice.received", track="adult", via="page", locations=1, guarded=False, regimes=regimes, **role)


def _told(chance):
    first = chance.random() < 0.8
    facts = {"took": chance.randrange(5, 6000, 5)} if first else {"before": "kept"}
    outcome = chance.choice(("removed", "kept", "mixed", "not_found"))
    return leaf("notice.decided", outcome=outcome, late=chance.random() < 0.1, first=first, track="adult", via="page",
                regimes=["own"], role=chance.choice(("self", "flagger")), **facts)  # fmt: skip


def _complaint(chance):
    if chance.random() < 0.5:
        return leaf("complaint.received", places=[1], others=True)
    return leaf("complaint.decided", upheld=chance.random() < 0.4, took=chance.randrange(5, 3000, 5),
                detectors=_detectors(chance))  # fmt: skip


def _statement(chance):
    what = chance.choice(("held", "removed", "restricted", "account"))
    if chance.random() < 0.2:
        return leaf("reason.stated", kind="lifted", what=what, state="out")
    return leaf(
        "reason.stated", kind="restriction", what=what, state="out", ground=chance.choice(("illegal", "terms")),
        category=chance.choice(CATEGORIES), source=chance.choice(("own_initiative", "notice", "trusted_flagger")),
        detected=chance.choice(("machine", "people")), decided=chance.choice(("fully", "partially", "none")),
    )  # fmt: skip


def _order(chance):
    country, kind = chance.choice(("FR", "DE", "LU")), chance.choice(("removal", "information"))
    if chance.random() < 0.5:
        return leaf("order.received", kind=kind, country=country, topic=chance.choice(("child_safety", "other")))
    if chance.random() < 0.5:
        return leaf("order.carried_out", kind=kind, country=country, topic="other", took=90, late=False)
    return leaf("order.closed", kind=kind, country=country, topic="other", outcome="done", took=120)


def _report(chance):
    return leaf("report.filed", environment=chance.choice(("rehearsal", "test", "production")), kind="images")


def _other(chance):
    return leaf(chance.choice(("session.started", "job.retried", "vault.sealed")), purpose="x")


def body(one, day="2026-03-04"):
    """What an outsider sees of a leaf, but for its commitments."""
    return {"action": one.action, "actor": one.actor, "day": day, "facts": dict(one.facts), "sealed": {}}


def tallied(leaves, day="2026-03-04"):
    """What leaves come to."""
    found = Counter()
    for one in leaves:
        for change in fold(body(one, day)):
            found[change.measure, "|".join(change.labels)] += change.amount
    return found


def published(house, *, name="A small forum", period="year"):
    """Switch the public page of figures of a deployment on, or over."""
    settings = house.runtime.service.settings
    told = {"published": True, "name": name, "period": period}
    object.__setattr__(settings, "transparency", settings.transparency.model_copy(update=told))


def two_years(store, sequencer):
    """What happened in 2025 and 2026, counted."""
    chance = random.Random(7)
    for year in (2025, 2026):
        for month in range(1, 12):
            some = some_leaves(year * 100 + month, 60 + chance.randrange(60))
            some += [leaf("account.blocked")] * (month % 3) + [leaf("complaint.received", places=[1], others=True)]
            at = datetime(year, month, 9, 12, tzinfo=UTC)
            with store.write() as conn:
                append_many(conn, some, at=at)
    sequencer.checkpoint()
    count(store, lambda conn: None)
