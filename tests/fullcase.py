"""A case as full as an honest one gets: matches in every scheme, things that look alike, items, uploaders, notes."""

from hashlib import sha256

from hosting import Found, host
from rempart.cases.records import cases, near
from rempart.cases.work import moves
from rempart.people.principal import SYSTEM

CODES = {"uk-abc": "A", "iccam": "1", "ncmec-industry": "A1", "vic-us": "1"}
_WORDS = "The partner was asked about the entry, and answers tomorrow; the service keeps the account as it is. "


def put_full_case(conn, opened, *, by, at, first=900_000, items=500, matches=100, alike=20, notes=40):
    """Such a case, opened by `opened(conn, number, …)` as in `desks`; gives its id."""
    found = [
        Found(list=f"Hotline of the north, spring {n}", list_id=f"list_{n}", entry_id=n, ref=f"entry-{n}",
              distance=n % 31, probe=f"turned{90 * (n % 4)}", scheme=scheme, code=code)
        for n in range(matches) for scheme, code in [list(CODES.items())[n % len(CODES)]]
    ]  # fmt: skip
    same = sha256(b"full").digest()
    case_id = opened(conn, first, matches=found, sha256=same, uploader="kite_0", at=at)
    for n in range(first + 1, first + items):
        host(conn, n, sha256=same, uploader=f"kite_{n % 7}")
        cases.add_item(conn, case_id=case_id, item=n, service="forum", added=at)
    beside = []
    for n in range(first + items, first + items + alike):
        host(conn, n, sha256=n.to_bytes(32), uploader="kite_0", verdict="allow")
        row = {"case_id": case_id, "item": n, "sha256": n.to_bytes(32), "distance": n % 31, "probe": "canonical"}
        beside.append(row | {"state": "proposed", "by": None, "at": at})
    near.propose(conn, beside)
    for _ in range(notes):
        moves.note(conn, case_id, by or SYSTEM, _WORDS * 2, at=at)
    return case_id
