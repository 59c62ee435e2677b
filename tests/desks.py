"""Open cases for tests of the work on them."""

from actors import NOON
from hosting import Found, host
from rempart.cases.opening import CaseItem, open_case
from rempart.cases.records import leaves
from rempart.people.principal import SYSTEM
from rempart.people.records import persons


def opened(conn, number, *, sha256=None, matches=None, service="forum", at=NOON, uploader=None, **more):
    """A case about one item of its own, which is hosted with it."""
    host(conn, number, sha256=sha256, service=service, uploader=uploader)
    values = {"kind": "match", "queue": "similar", "assessors": 2, "reason": "similar-match"} | more
    return open_case(
        conn, item=CaseItem(id=number, service=service, sha256=sha256),
        matches=[Found()] if matches is None else matches, policy_version=3, by=SYSTEM, at=at, **values,
    )  # fmt: skip


def join_team(conn, *people):
    """Accounts for persons as `actors.person` makes them."""
    for one in people:
        values = {
            "id": one.id, "pseudonym": one.pseudonym, "name": one.id, "shown_name": one.id, "language": "en",
            "password": None, "totp_secret": None, "oidc_issuer": None, "oidc_subject": None, "created": NOON,
            "deactivated": None,
        }  # fmt: skip
        persons.add(conn, values, one.roles)


def actions(store, case_id):
    """What the ledger says of a case: pairs of action and actor, in order."""
    with store.read() as conn:
        return [(leaf.action, leaf.actor) for leaf in leaves.of_case(conn, case_id)]
