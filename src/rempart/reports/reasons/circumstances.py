"""Under what circumstances something was restricted, read from what the rooms below wrote down when it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from rempart.cases.assessing.values import ImageKind
from rempart.cases.records import assessments, cases, decisions, outcomes
from rempart.cases.records.assessments import AssessmentRow
from rempart.cases.records.cases import Case
from rempart.cases.records.decisions import DecisionRow
from rempart.items.records import checks
from rempart.items.records.items import Item
from rempart.policy.facts import OBSERVING
from rempart.reports.reasons.history import Turn
from rempart.reports.reasons.records import happened
from rempart.reports.reasons.values import Automation, Circumstances, Source, Told, What

Noticed = Callable[[Connection, int | None, Case], Told]
"""How a case, and an item in it, came to notice, as the rooms above know; `by_case_kind` knows the least."""
JUDGED = "case"
_FOUND_BY_MACHINE = frozenset({"match", "lookback", "unchecked"})
_TOOK_EFFECT = frozenset({"settling", "settled"})


def by_case_kind(conn: Connection, item: int | None, case: Case) -> Told:
    """A case that a notice opened came by a notice; anything else was the service's own doing."""
    return Told(source=Source.NOTICE if case.kind == "notice" else Source.OWN_INITIATIVE)


def of_item(conn: Connection, item: Item, turn: Turn, *, language: str, noticed: Noticed) -> Circumstances:
    """The circumstances in which an item was restricted.

    What is held for examination is told of in one way, whatever the cause.
    """
    assert turn.now is not None
    event = turn.event
    known: dict[str, Any] = {
        "what": turn.now, "at": event.at, "language": language, "media_type": item.media_type, "posted": item.created
    }  # fmt: skip
    by_rule: dict[str, Any] = {"source": Source.OWN_INITIATIVE, "detection": True, "decision": Automation.FULLY}
    if turn.now is What.HELD:
        return Circumstances(**known, **by_rule)
    case_id = event.case
    if event.decision is not None:
        told = decisions.find(conn, event.decision)
        case_id = told.case_id if told is not None and told.reason == JUDGED else None
    case = None if case_id is None else cases.find(conn, case_id)
    if case is not None:
        return Circumstances(**known, **_judged(conn, item.id, turn, case, noticed))
    check = checks.find(conn, event.check or item.request)
    matches = (check.facts or {}).get("matches", ()) if check is not None else ()
    if event.people:  # an answer that people gave before about these very bytes
        by_rule["decision"] = Automation.PARTIALLY
    return Circumstances(**known, **by_rule, categories=_of_matches(matches))


def of_account(conn: Connection, told: DecisionRow, *, language: str, noticed: Noticed) -> Circumstances:
    """The circumstances in which an account was blocked: people do that, two of them unless one was alone."""
    case = None if told.case_id is None else cases.find(conn, told.case_id)
    known = Told() if case is None else noticed(conn, None, case)
    answers = () if case is None else _answers(conn, case, told.at)
    return Circumstances(
        what=What.ACCOUNT, at=told.at, language=language, source=known.source, child=known.child,
        detection=case is not None and case.kind in _FOUND_BY_MACHINE, decision=Automation.NONE,
        categories=_category(answers),
    )  # fmt: skip


def _judged(conn: Connection, item: int, turn: Turn, case: Case, noticed: Noticed) -> Mapping[str, Any]:
    known, at = noticed(conn, item, case), turn.event.at
    answers = _answers(conn, case, at)
    carried = not happened.joined_before(conn, case.id, item, at)
    synthetic = any(one.image_kind == ImageKind.PSEUDO_PHOTOGRAPH for one in answers)
    return {
        "source": known.source,
        "child": known.child,
        "detection": carried or case.kind in _FOUND_BY_MACHINE,
        "decision": Automation.PARTIALLY if carried or turn.ruled else Automation.NONE,
        "categories": _category(answers) or _of_matches(row._mapping for row in cases.matches_of(conn, case.id)),
        "synthetic": synthetic,
    }


def _answers(conn: Connection, case: Case, at: datetime) -> tuple[AssessmentRow, ...]:
    """The answers that had been given when a decision took effect, in the round that it belongs to."""
    made = [one for one in outcomes.of_case(conn, case.id) if one.state in _TOOK_EFFECT and one.at <= at]
    if not made:
        return ()
    given = assessments.of_case(conn, case.id, round=made[-1].round)
    return tuple(one for one in given if one.at <= made[-1].at)


def _category(answers: tuple[AssessmentRow, ...]) -> tuple[tuple[str, str], ...]:
    """The category that counts: the last lead's, else the first that was given."""
    leads = [one for one in reversed(answers) if not one.blind]
    named = (one for one in (*leads, *answers) if one.scheme is not None and one.code is not None)
    first = next(named, None)
    return () if first is None else ((str(first.scheme), str(first.code)),)


def _of_matches(matches: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    """The categories of what matched, those of the nearest matches first; observing lists decide nothing."""
    deciding = [one for one in matches if one.get("mode") != OBSERVING and one.get("scheme") and one.get("code")]
    nearest = sorted(deciding, key=lambda one: int(one["distance"]))
    return tuple(dict.fromkeys((str(one["scheme"]), str(one["code"])) for one in nearest))
