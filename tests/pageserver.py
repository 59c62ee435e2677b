"""The pages on a real server, with quick passwords, and a browser that knows only what browsers know."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import urandom
from pathlib import Path

import httpx
from starlette.applications import Starlette

from inprocess import free_port, served
from rempart.people.passwords import Passwords
from rempart.server.access import assert_all_routes_declare, build_access
from rempart.server.pages.building import build_pages
from rempart.server.pages.contexts import ListRow
from rempart.server.pages.doors import Pages, Second
from rempart.server.pages.routes import routes
from rempart.server.security import Limits, Security
from rempart.settings import OidcSettings, PeopleSettings, ServerSettings, Settings
from rempart.store.engine import Store
from signing import Watch

LISTS = (
    ListRow(name="Hotline, known images", mode="blocking", entries=214_371, taken_in=Watch().now),
    ListRow(name="Trial of the spring list", mode="observing", entries=12, taken_in=None),
)


@dataclass
class Site:
    """A running site."""

    address: str
    pages: Pages
    clock: Watch
    browsers: list[httpx.Client] = field(default_factory=list)

    def browser(self, **headers: str) -> httpx.Client:
        """A browser: keeps cookies, and says of its requests where they come from."""
        client = httpx.Client(
            base_url=self.address,
            headers={"sec-fetch-site": "same-origin", "accept": "text/html", **headers},
            follow_redirects=False,
        )
        self.browsers.append(client)
        return client


@contextmanager
def site(
    store: Store,
    *,
    clock: Watch | None = None,
    decide: Mapping[str, Second] | None = None,
    lists: tuple[ListRow, ...] = LISTS,
    oidc: OidcSettings | None = None,
    people: PeopleSettings | None = None,
    limits: Limits | None = None,
    trusted: list[str] | None = None,
) -> Iterator[Site]:
    """The pages on a free port of the loopback, under the name localhost, as passkeys want it."""
    watch, port = clock or Watch(), free_port()
    address = f"http://localhost:{port}"
    settings = Settings(
        data=Path("unused"),
        server=ServerSettings(port=port, public_url=address, trusted_proxies=tuple(trusted or ())),
        people=people or PeopleSettings(address_per_minute=100_000),
        oidc=oidc or OidcSettings(),
    )
    access = build_access(settings, store, clock=watch)
    pages = build_pages(
        settings,
        access,
        secrets_keys=lambda: [b"k" * 32],
        decide=decide or {},
        lists=lambda: lists,
        passwords=Passwords(time_cost=1, memory_kib=64),
        random=urandom,
    )
    app = Starlette(routes=routes())
    app.state.access, app.state.pages = access, pages
    assert_all_routes_declare(app)
    access.keys.start()
    try:
        with served(Security(app, limits=limits or Limits(public_url=address)), port=port):
            found = Site(address=address, pages=pages, clock=watch)
            yield found
            for browser in found.browsers:
                browser.close()
    finally:
        access.keys.stop()


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', page)
    assert found, f"no field {name}"
    return found[1]


def error_of(page: str) -> str:
    """What a page says went wrong."""
    found = re.search(r'<div class="problem" role="alert"><p><strong>(.*?)</strong></p>(?:<p>(.*?)</p>)?', page)
    return " ".join(filter(None, found.groups())) if found else ""
