"""The whole application in this process, with people signed in and cases whose pictures are sealed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from os import urandom
from pathlib import Path
from unittest.mock import patch

import httpx

from inprocess import free_port, served
from looking import Looking
from rempart.clock import utc_now
from rempart.people import persons, sessions
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE
from rempart.people.records.persons import Person
from rempart.people.sessions import principal_of
from rempart.server.app import create_app
from rempart.server.runtime import Runtime
from serving import make_data


class Hand:
    """A clock that goes on, and can be set forward."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def forward(self, **amount: float) -> None:
        self.ahead += timedelta(**amount)


@dataclass
class House:
    """The running application; `desk` makes cases and claims them."""

    address: str
    runtime: Runtime
    desk: Looking
    clock: Hand
    people: dict[str, Person] = field(default_factory=dict)
    browsers: list[httpx.Client] = field(default_factory=list)

    def cookie(self, name: str, *roles: Role, language: str = "en") -> str:
        """A session of a person, who is made when first named."""
        access = self.runtime.access
        with access.store.write() as conn:
            if name not in self.people:
                self.people[name] = persons.add(
                    conn, name=name, roles=roles or [Role.REVIEWER], by=CONSOLE, at=self.clock(), random=urandom,
                    language=language,
                )  # fmt: skip
            started = sessions.start(
                conn, self.people[name], method="test", at=self.clock(), limits=access.limits, random=urandom
            )
        self.last = principal_of(self.people[name], started.session)
        return started.token

    def browser(self, name: str, *roles: Role) -> httpx.Client:
        """A browser in which a person is signed in."""
        cookie = f"{self.runtime.access.cookie}={self.cookie(name, *roles)}"
        headers = {"sec-fetch-site": "same-origin", "accept": "text/html", "cookie": cookie}
        found = httpx.Client(base_url=self.address, headers=headers, timeout=30)
        self.browsers.append(found)
        return found


@contextmanager
def house(folder: Path) -> Iterator[House]:
    """The application on a free port, its data in a folder."""
    port, clock = free_port(), Hand()
    more = f'[server]\npublic_url = "http://localhost:{port}"\n'
    with patch.dict(os.environ):
        for name in ("REMPART_SCREENSHOTS", "REMPART_CHROMIUM"):
            os.environ.pop(name, None)  # of the tests, and no settings
        settings = make_data(folder / "data", more=more)
    with Runtime(settings, clock=clock) as runtime:
        object.__setattr__(runtime.access, "address_per_minute", 1_000_000)
        service = runtime.service
        app = create_app(service, runtime.access)
        with served(app, port=port):
            found = House(
                address=f"http://localhost:{port}", runtime=runtime, clock=clock,
                desk=Looking(service.store, service.vault, clock, service.sight),
            )  # fmt: skip
            yield found
            for browser in found.browsers:
                browser.close()
