"""Cases without a picture: an account that sells, solicits or is linked to others, from what was published, listed or
reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.clusters import account_cluster
from rempart.cases.opening import found_or_opened, join
from rempart.cases.records import work
from rempart.cases.records.cases import Case
from rempart.cases.work.queue import visible
from rempart.cases.work.routing import LOOK, route
from rempart.cases.work.settings import current
from rempart.errors import ConflictError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.people.principal import Principal

KIND = "account"
QUEUE = "accounts"
"""The queue of account cases where no route says otherwise."""
FACT_KINDS = ("text", "listing", "report", "linked_account", "other")
MOST_FACTS = 50
MOST_OF_CASE = 500
MOST_TEXT = 10_000
MOST_URL = 2_083
MOST_UPLOADER = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFact:
    """One thing that is known of an account: a published text, a listing, a report of a user, a linked account
    (`uploader` is that one's name), or other. It has a text, a web address or a linked account."""

    kind: str
    text: str | None = None
    url: str | None = None
    uploader: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The account's open case, and whether it was opened now."""

    case: str
    new: bool


def open_account_case(
    conn: Connection,
    *,
    service: str,
    uploader: str,
    facts: Sequence[AccountFact],
    by: Principal,
    at: datetime,
    queue: str = QUEUE,
    reason: str = KIND,
) -> Opened:
    """Put facts into the open case of an account, or open one, in the caller's transaction.

    Raises RefusedError for facts that say nothing or too much, ConflictError when the case can hold no more.
    """
    if not (0 < len(service) <= 200 and 0 < len(uploader) <= MOST_UPLOADER and uploader.isprintable()):
        raise RefusedError("A service and the account as it calls it are needed.")
    if not 0 < len(facts) <= MOST_FACTS:
        raise RefusedError(f"1 to {MOST_FACTS} facts are needed.")
    _, rules = current(conn)
    routed = route(rules, kind=KIND, queue=queue, service=service, matches=(), at=at)
    row = {
        "kind": KIND, "queue": routed.queue, "assessors": 2, "reason": reason[:80], "policy_version": 0, "opened": at,
        "opened_by": by.pseudonym, "priority": routed.priority, "due": routed.due, "look": LOOK, "service": service,
        "uploader": uploader,
    }  # fmt: skip
    found, new = found_or_opened(conn, account_cluster(service, uploader), row, by=by, at=at)
    _add(conn, found, facts, by=by, at=at)
    if not new:
        join(conn, found, routed, look=LOOK)
    return Opened(case=found.id, new=new)


def add_fact(conn: Connection, case_id: str, who: Principal, fact: AccountFact, *, at: datetime) -> None:
    """Add what became known to an open account case."""
    case = visible(conn, case_id, who, lock=True)
    if case.kind != KIND or case.state != "open":
        raise ConflictError("This is no open case of an account.")
    _add(conn, case, (fact,), by=who, at=at)


def _add(conn: Connection, case: Case, facts: Sequence[AccountFact], *, by: Principal, at: datetime) -> None:
    good = [_checked(one) for one in facts]
    known = {(one.kind, one.text, one.url, one.uploader) for one in work.facts_of(conn, case.id)}
    fresh = [one for one in dict.fromkeys(good) if (one.kind, one.text, one.url, one.uploader) not in known]
    if len(known) + len(fresh) > MOST_OF_CASE:
        raise ConflictError(f"This case holds {MOST_OF_CASE} facts and can hold no more.", hint="Decide it first.")
    if not fresh:
        return
    rows = [
        {
            "case_id": case.id, "kind": one.kind, "text": one.text, "url": one.url, "uploader": one.uploader, "at": at,
            "by": by.pseudonym,
        }
        for one in fresh
    ]  # fmt: skip
    work.add_facts(conn, rows)
    counts = {kind: sum(one.kind == kind for one in fresh) for kind in sorted({one.kind for one in fresh})}
    facts_ = {"round": case.round, "kinds": counts}
    append(conn, Leaf(action="case.facts_added", actor=by.pseudonym, facts=facts_, subject=f"case:{case.id}"), at=at)


def _checked(fact: AccountFact) -> AccountFact:
    text, url, uploader = ((one or "").strip() or None for one in (fact.text, fact.url, fact.uploader))
    if fact.kind not in FACT_KINDS:
        raise RefusedError(f"A fact is one of: {', '.join(FACT_KINDS)}.")
    if text is None and url is None and uploader is None:
        raise RefusedError("A fact has a text, a web address or a linked account.")
    if fact.kind == "linked_account" and uploader is None:
        raise RefusedError("A linked account has to be named.")
    if len(text or "") > MOST_TEXT or len(url or "") > MOST_URL or len(uploader or "") > MOST_UPLOADER:
        raise RefusedError(
            f"A fact's text has at most {MOST_TEXT:,} characters, its address {MOST_URL:,}, an account {MOST_UPLOADER}."
        )
    if not (url or "").isprintable() or not (uploader or "").isprintable():
        raise RefusedError("A web address or an account stands in one line.")
    return AccountFact(kind=fact.kind, text=text, url=url, uploader=uploader)
