"""To whom a package may be sealed: what the settings say, with their public age keys."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from rempart.errors import NotFoundError, RefusedError
from rempart.reports.orders.values import RecipientClass

MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Somebody who opens packages. Each of `keys` (`age1…`) alone opens one; `authority` is a row of the table."""

    id: str
    name: str
    kind: RecipientClass
    country: str
    keys: tuple[str, ...]
    authority: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """The operator as its packages name it: where it is, how to reach it, with which authorities it is registered, and
    to whom it may seal packages."""

    name: str = ""
    contact: str = ""
    country: str = ""
    registrations: frozenset[str] = frozenset()
    recipients: tuple[Recipient, ...] = ()

    def chosen(self, names: Sequence[str]) -> tuple[Recipient, ...]:
        """Recipients by their ids, each once. Raises RefusedError for none, NotFoundError for one that is not set."""
        known = {one.id: one for one in self.recipients}
        found = []
        for name in dict.fromkeys(names):
            if name not in known:
                raise NotFoundError(
                    "There is no such recipient.", hint="Recipients stand in the settings, under [referrals]."
                )
            found.append(known[name])
        if not found:
            raise RefusedError("A package is for somebody.", hint="Choose who is to open it.")
        return tuple(found)


def age_recipients(keys: Collection[str]) -> list[Any]:
    """Public keys as the library takes them. Raises RefusedError for one that is none."""
    import pyrage

    found = []
    for key in keys:
        try:
            found.append(pyrage.x25519.Recipient.from_str(key))
        except (pyrage.RecipientError, ValueError) as err:
            raise RefusedError(f"{key[:80]} is no age recipient.", hint="It begins with age1.") from err
    return found
