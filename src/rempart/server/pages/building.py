"""The pages of a process, put together from its settings and parts."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from rempart.clock import Clock
from rempart.people import keys, persons
from rempart.people.passkeys import Site
from rempart.people.passwords import Passwords
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.sealing import SecretBox
from rempart.people.signin import SignIn
from rempart.people.tokens import RandomBytes
from rempart.server.access import Access
from rempart.server.oidc import Provider
from rempart.server.pages.asked import More, nothing_more
from rempart.server.pages.contexts import ListRow, StatusRow
from rempart.server.pages.doors import Invite, Known, Pages, Second, all_known, nobody_mailed
from rempart.settings import Settings
from rempart.store.backlog import backlog
from rempart.store.engine import Store

_SLOW = timedelta(minutes=5)
_ENDING = timedelta(days=14)
Lists = Callable[[], tuple[ListRow, ...]]


def build_pages(
    settings: Settings,
    access: Access,
    *,
    secrets_keys: Callable[[], Sequence[bytes]],
    decide: Mapping[str, Second],
    lists: Lists,
    more: More = nothing_more,
    known: Known = all_known,
    invite: Invite = nobody_mailed,
    lacking: Callable[[], Collection[str]] = tuple,
    passwords: Passwords | None = None,
    random: RandomBytes = secrets.token_bytes,
) -> Pages:
    """The pages of a process.

    `secrets_keys` gives keys of 32 bytes, derived from the service keys, the active one first; `decide` says for
    each kind of approval who carries it out, `more` what stands behind it, `known` who may know of it; `invite` mails
    one-time links; `lists` gives the hash lists for the start page, `lacking` the parts that cannot be used now.
    """
    address = settings.server.public_url or f"http://localhost:{settings.server.port}"
    parts = urlsplit(address)
    entry = SignIn(
        store=access.store,
        passwords=passwords or Passwords(),
        box=SecretBox(secrets_keys, random=random),
        clock=access.clock,
        random=random,
        limits=access.limits,
        site=Site(host=parts.hostname or "localhost", origin=f"{parts.scheme}://{parts.netloc}"),
    )
    people = settings.people
    return Pages(
        access=access,
        entry=entry,
        public_url=settings.server.public_url,
        provider=_provider(settings, address, clock=access.clock, random=random),
        alone_after=people.alone_after,
        decide=decide,
        more=more,
        known=known,
        invite=invite,
        status=lambda who: (
            (_health(lacking()), *state(access.store, access.clock, one_person=people.one_person)),
            _for(who, lists),
        ),
    )


def _health(lacking: Collection[str]) -> StatusRow:
    return StatusRow(key="lacking", figure=", ".join(sorted(lacking)) or 0, attention=bool(lacking))


def state(store: Store, clock: Clock, *, one_person: bool) -> tuple[StatusRow, ...]:
    """What the start page tells of a deployment's state."""
    at = clock()
    with store.read() as conn:
        active = sum(person.active for person in persons.everyone(conn))
        usable = [key for key in keys.every(conn) if key.usable(at)]
        waiting = backlog(conn, at=at)
    ending = any(min(key.expires, key.revoked or key.expires) - at < _ENDING for key in usable)
    slow = waiting.oldest is not None and at - waiting.oldest > _SLOW
    return (
        StatusRow(key="people", figure=active, attention=active < 2 and not one_person),
        StatusRow(key="keys", figure=len(usable), attention=ending),
        StatusRow(key="queued", figure=waiting.queued, since=waiting.oldest, attention=slow),
        StatusRow(key="dead", figure=waiting.dead, attention=waiting.dead > 0),
    )


def _for(who: Principal, lists: Lists) -> tuple[ListRow, ...] | None:
    return lists() if who.may(Permission.LISTS_READ) else None


def _provider(settings: Settings, address: str, *, clock: Clock, random: RandomBytes) -> Provider | None:
    if not settings.oidc.issuer:
        return None
    redirect = f"{address.rstrip('/')}/sign-in/provider/back"
    return Provider(settings.oidc, redirect=redirect, clock=clock, random=random)
