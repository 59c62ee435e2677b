"""Cases, answers and checks of many months, written straight into a test's database, for pages of figures."""

from datetime import timedelta

from sqlalchemy import delete, insert

from actors import NOON
from rempart.cases.quality.counting import count
from rempart.cases.quality.oversight import KINDS
from rempart.cases.records.assessments import case_assessments
from rempart.cases.records.cases import case_matches, cases
from rempart.cases.records.figures import CHECKS, WHOLE, check_figures, figure_marks
from rempart.cases.records.flags import oversight_flags
from rempart.cases.records.samples import case_samples
from rempart.items.records.checks import checks
from rempart.store.workers import Worker

LISTS = {"list_hotline": "Hotline, known images", "list_trial": "Trial of the spring list"}


def put_case(conn, case_id, *, opened=NOON, decision=None, after=timedelta(hours=2), matches=(), **more):
    """A case, decided where a decision is given; `matches` are values that differ from the usual ones."""
    row = {
        "id": case_id, "kind": "match", "queue": "similar", "assessors": 2, "state": "decided" if decision else "open",
        "cluster": None if decision else case_id.encode(), "reason": "similar-match", "policy_version": 1,
        "opened": opened, "opened_by": "system", "decision": decision, "decided": opened + after if decision else None,
        "decided_by": "p-1" if decision else None, "due": opened + timedelta(days=1),
    } | more  # fmt: skip
    conn.execute(insert(cases), row)
    for number, match in enumerate(matches):
        usual = {
            "case_id": case_id, "item": 1, "list_id": "list_hotline", "mode": "blocking", "entry_id": number,
            "ref": "e", "signal_kind": "pdq", "distance": 12, "probe": "canonical", "scheme": "vic-us", "code": "1",
            "opinion": "positive",
        }  # fmt: skip
        values = usual | match
        conn.execute(insert(case_matches), values | {"list": LISTS.get(values["list_id"], values["list_id"])})


def put_answer(conn, case_id, person, decisions, *, at=NOON, category=None, state="valid", **more):
    """An answer about a case; gives its id."""
    scheme, code = category or (None, None)
    name = f"assessment_{case_id}_{person}_{state}"[:40]
    row = {
        "id": name, "case_id": case_id, "round": 1, "person": f"person_{person}", "pseudonym": f"p-{person}", "at": at,
        "decisions": list(decisions), "scheme": scheme, "code": code, "image_kind": None, "origin": [],
        "confidence": "sure", "list_id": None, "accounts": [], "rationale": "", "state": state, "blind": True,
        "proved": False, "session": None, "alone": [], "seconds": None,
    } | more  # fmt: skip
    conn.execute(insert(case_assessments), row)
    return name


def put_checks(conn, verdict, number, *, at=NOON, service="forum"):
    """So many checks with a verdict."""
    rows = [
        {
            "request": f"check_{service}_{verdict}_{at:%y%m%d%H%M}_{n}", "item": n, "service": service, "outcome": "ok",
            "verdict": verdict, "rule": "r", "policy": 1, "mark": 1, "facts": None, "case_id": None, "at": at,
        }
        for n in range(number)
    ]  # fmt: skip
    if rows:
        conn.execute(insert(checks), rows)


def put_year(conn, *, until):
    """A year of a small team's work before a time."""
    for month in range(12):
        at = until - timedelta(days=30 * (11 - month), hours=20)
        for verdict, number in (("allow", 400 + 90 * month), ("hold", 6 + month % 4), ("block", 9 + (month * 7) % 11)):
            put_checks(conn, verdict, number, at=at)
        for n in range(8 + month % 5):
            ending = "release" if (n + month) % 4 == 0 else "remove" if n % 3 else "restrict"
            name, where = f"case_{month}_{n}", "list_trial" if n % 3 == 0 else "list_hotline"
            put_case(
                conn, name, opened=at, decision=ending, after=timedelta(hours=1 + n * n),
                matches=[
                    {"list_id": where, "distance": n * 3, "probe": "canonical" if n % 2 else "square512"},
                    {"code": str(1 + n % 3), "signal_kind": "sha256" if n % 5 == 0 else "pdq"},
                ],
            )  # fmt: skip
            said = "no_violation" if ending == "release" else ending
            other = "no_violation" if (n + month) % 9 == 0 else said
            own = None if said == "no_violation" else ("uk-abc", "ABC"[n % 3])
            origin = [{"basis": "c2pa", "note": ""}] if month > 3 and n % 4 == 1 else []
            put_answer(conn, name, "ana", [said], at=at + timedelta(hours=1), category=own, origin=origin)
            put_answer(conn, name, "ben", [other], at=at + timedelta(hours=2), category=own if other == said else None)
            if n % 2:
                put_answer(conn, name, "cleo", [said], at=at + timedelta(days=2), category=own, state="sample")
    for n in range(9):
        queue = "similar" if n % 2 else "exact"
        put_case(conn, f"case_open_{n}", opened=until - timedelta(hours=n * n * 3), queue=queue)


def counted(store, *, anew=False):
    """Add everything up, as the server does every few minutes; `anew`: also what is long past."""
    if anew:
        with store.write() as conn:
            conn.execute(delete(figure_marks).where(figure_marks.c.name == WHOLE))
            conn.execute(delete(figure_marks).where(figure_marks.c.name == CHECKS))
            conn.execute(delete(check_figures))
    with Worker(store) as worker:
        count(store, worker)


def put_flags(conn, person, *, at, case_id):
    """One flag of each kind about a person."""
    facts = {"many": {"count": 31, "usual": 4}, "searches": {"count": 6, "purpose": "ticket 12"}}
    for number, kind in enumerate(KINDS):
        row = {
            "id": f"flag_{number:026d}", "kind": kind, "person": person,
            "case_id": None if kind in ("many", "searches") else case_id, "at": at - timedelta(hours=number),
            "facts": facts.get(kind, {}), "key": f"{kind}:{number}", "state": "new",
        }  # fmt: skip
        conn.execute(insert(oversight_flags), row)


def put_look(conn, case_id, *, person=None, at=NOON, state="waiting", assessment=None):
    """A second look at a case."""
    row = {
        "id": f"sample_{case_id}"[:40], "case_id": case_id, "round": 1, "why": "chance", "at": at, "state": state,
        "person": person, "taken": None if person is None else at, "assessment": assessment,
        "done": at if state == "done" else None,
    }  # fmt: skip
    conn.execute(insert(case_samples), row)
