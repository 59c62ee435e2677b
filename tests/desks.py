"""Open cases for tests of the work on them."""

from actors import NOON
from hosting import Found, host
from rempart.cases.opening import CaseItem, open_case
from rempart.people.principal import SYSTEM


def opened(conn, number, *, sha256=None, matches=None, service="forum", at=NOON, **more):
    """A case about one item of its own, which is hosted with it."""
    host(conn, number, sha256=sha256, service=service)
    values = {"kind": "match", "queue": "similar", "assessors": 2, "reason": "similar-match"} | more
    return open_case(
        conn, item=CaseItem(id=number, service=service, sha256=sha256),
        matches=[Found()] if matches is None else matches, policy_version=3, by=SYSTEM, at=at, **values,
    )  # fmt: skip
