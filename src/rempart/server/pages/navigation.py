"""Where a person can go from any page: what is needed all day stands first, the rest in groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rempart.people.permissions import Permission
from rempart.people.principal import Principal

ENTRIES = (
    ("/", "home", Permission.STATUS),
    ("/cases", "cases", Permission.CASES_READ),
    ("/notices", "notices", Permission.NOTICES_READ),
    ("/reports", "reports", Permission.REPORTS_READ),
    ("/referrals", "referrals", Permission.REPORTS_READ),
    ("/approvals", "approvals", Permission.APPROVALS_READ),
    ("/items", "items", Permission.ITEMS_READ),
    ("/lists", "lists", Permission.LISTS_READ),
    ("/policy", "policy", Permission.POLICY_READ),
    ("/statistics", "statistics", Permission.STATISTICS_READ),
    ("/reasons", "reasons", Permission.NOTICES_LEAD),
    ("/orders", "orders", Permission.ORDERS_READ),
    ("/quality", "quality", Permission.CASES_ASSESS),
    ("/oversight", "oversight", Permission.OVERSIGHT),
    ("/ledger", "ledger", Permission.LEDGER_READ),
    ("/work", "work", Permission.WORK_READ),
    ("/people", "people", Permission.PEOPLE_READ),
    ("/keys", "keys", Permission.KEYS_READ),
    ("/webhooks", "webhooks", Permission.WEBHOOKS_MANAGE),
    ("/health", "health", Permission.HEALTH),
    ("/care", "care", Permission.CARE),
    ("/account", "account", Permission.OWN_ACCOUNT),
)
GROUPS: Mapping[str, tuple[str, ...]] = {
    "material": ("items", "lists", "policy"),
    "reports": ("reports", "referrals", "reasons", "orders"),
    "figures": ("statistics", "quality", "oversight", "ledger"),
    "running": ("work", "people", "keys", "webhooks", "health"),
}
_GROUP_OF = {name: group for group, names in GROUPS.items() for name in names}
_FLAT = 8
"""So many entries stand in one row; more are grouped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A link: its address, the key of its words, and whether it leads to where one is: "page" for the page itself or
    the one above it, "true" for its group, else empty."""

    path: str
    key: str
    here: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Navigation:
    """The first row, and the second: the entries of the group (`group`, a key of its words) that one is in."""

    entries: tuple[Entry, ...] = ()
    group: str = ""
    inner: tuple[Entry, ...] = ()


def navigation(who: Principal | None, here: str) -> Navigation:
    """Where `who` may go, being at the address `here`."""
    if who is None:
        return Navigation()
    own = [(path, name) for path, name, permission in ENTRIES if who.may(permission)]
    if len(own) <= _FLAT:
        return Navigation(entries=tuple(_entry(path, name, here) for path, name in own))
    alone = {group for group in GROUPS if sum(_GROUP_OF.get(name) == group for _, name in own) == 1}
    first: dict[str, Entry] = {}
    inner: dict[str, list[Entry]] = {}
    for path, name in own:
        entry, group = _entry(path, name, here), _GROUP_OF.get(name)
        if group is None or group in alone:
            first[name] = entry
        else:
            inner.setdefault(group, []).append(entry)
            first.setdefault(group, Entry(path=path, key=f"group.{group}"))
    found = next((group for group, entries in inner.items() if any(one.here for one in entries)), "")
    if found:
        first[found] = Entry(path=first[found].path, key=first[found].key, here="true")
    return Navigation(entries=tuple(first.values()), group=found, inner=tuple(inner.get(found, ())))


def _entry(path: str, name: str, here: str) -> Entry:
    inside = here == path or (path != "/" and here.startswith(path + "/"))
    return Entry(path=path, key=f"nav.{name}", here="page" if inside else "")
