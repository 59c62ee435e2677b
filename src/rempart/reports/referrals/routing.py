"""To whom something goes, by the operator's country and by what was reported already: a proposal for people.

It names authorities and says of each whether a law asks for it, whether one has to register first, and whether a report
that was made already counts. It is no legal advice, and nothing is sent because of it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from rempart.reports.referrals.authorities import ANY, Authority, Duty, of_country
from rempart.reports.referrals.recipients import Recipient, Sender


class Standing(StrEnum):
    """What an authority of a route is for this case."""

    DUE = "due"  # a law asks for it, as far as the table knows
    REGISTER = "register"  # likewise, and one registers first
    COUNTED = "counted"  # the report that was made already counts
    DONE = "done"  # it was told
    OPEN = "open"  # may be told; the table knows of no duty


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One authority of a route. `counts` is the authority whose report already counts; `recipients` are those of the
    settings to whom a package for it could be sealed."""

    authority: Authority
    standing: Standing
    counts: str = ""
    recipients: tuple[Recipient, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a case goes. `known`: the table has rows of this country. `danger`: the police are called first."""

    country: str
    known: bool
    danger: bool
    steps: tuple[Step, ...]

    def standing(self, authority: str) -> Standing | None:
        """How an authority stands; None where it is not on the route."""
        return next((one.standing for one in self.steps if one.authority.id == authority), None)


def route(sender: Sender, *, danger: bool = False, told: Collection[str] = ()) -> Route:
    """The route of a case; `told` are the authorities that it was reported to already, for real."""
    rows = of_country(sender.country)
    return Route(
        country=sender.country,
        known=any(sender.country in one.countries for one in rows if ANY not in one.countries),
        danger=danger,
        steps=tuple(_step(one, sender, danger=danger, told=frozenset(told)) for one in rows),
    )


def _step(one: Authority, sender: Sender, *, danger: bool, told: frozenset[str]) -> Step:
    counts = next((other for other in one.counted_by if other in told), "")
    if one.id in told:
        standing = Standing.DONE
    elif counts:
        standing = Standing.COUNTED
    elif one.duty is Duty.ALWAYS or (danger and one.duty is Duty.DANGER):
        unregistered = one.registration and one.id not in sender.registrations
        standing = Standing.REGISTER if unregistered else Standing.DUE
    else:
        standing = Standing.OPEN
    return Step(authority=one, standing=standing, counts=counts, recipients=_of(one, sender))


def _of(one: Authority, sender: Sender) -> tuple[Recipient, ...]:
    named = tuple(two for two in sender.recipients if two.authority == one.id)
    if named:
        return named
    return tuple(
        two
        for two in sender.recipients
        if not two.authority and two.kind is one.kind and two.country in (sender.country, *one.countries)
    )
