"""What of the ledger is kept from somebody who may not see a notice, beside what of it is about cases and items."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from rempart.cases.work import withholding
from rempart.cases.work.withholding import About
from rempart.intake.notices.reading import seen_among
from rempart.people.permissions import Permission
from rempart.people.principal import Principal


def withheld(conn: Connection, asked: Iterable[About], who: Principal) -> frozenset[int]:
    """The numbers of those of these leaves of which a person must not know what they are about."""
    asked = tuple(asked)
    return withholding.withheld(conn, asked, who) | _of_notices(conn, asked, who)


def _of_notices(conn: Connection, asked: Iterable[About], who: Principal) -> frozenset[int]:
    """Whoever works on cases is told of the notices whose cases they may see; whoever does not sees no notice at all,
    and its internal id in the ledger leads them nowhere."""
    if who.kind != "person" or not who.may(Permission.CASES_READ):
        return frozenset()
    about: dict[str, list[int]] = {}
    for one in asked:
        kind, _, name = one.subject.partition(":")
        if kind == "notice":
            about.setdefault(name, []).append(one.number)
    hidden = about.keys() - seen_among(conn, about, who) if about else ()
    return frozenset(number for name in hidden for number in about[name])
