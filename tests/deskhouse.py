"""The whole application in this process, with people who come in and cases that wait for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from os import urandom
from pathlib import Path

import httpx
from fastapi import FastAPI

from desks import opened
from inprocess import free_port, served
from rempart.clock import utc_now
from rempart.people import persons, sessions
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE, Principal
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
class DeskHouse:
    """The running application."""

    address: str
    app: FastAPI
    runtime: Runtime
    clock: Hand
    people: dict[str, Person] = field(default_factory=dict)
    browsers: list[httpx.Client] = field(default_factory=list)

    @property
    def store(self):
        return self.runtime.service.store

    def cookie(self, name: str, *roles: Role, language: str = "en") -> dict[str, str]:
        """A new session of a person, who is made when first named, as Playwright takes a cookie."""
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
        self.last = started
        return {"name": access.cookie, "value": started.token, "url": self.address}

    def principal(self, name: str) -> Principal:
        """Somebody in a session of their own."""
        self.cookie(name)
        return principal_of(self.people[name], self.last.session)

    def browser(self, name: str, *roles: Role, language: str = "en") -> httpx.Client:
        """A browser without scripts in which a person is signed in."""
        cookie = self.cookie(name, *roles, language=language)
        headers = {"sec-fetch-site": "same-origin", "accept": "text/html"}
        found = httpx.Client(
            base_url=self.address, headers=headers, timeout=30, cookies={cookie["name"]: cookie["value"]}
        )
        self.browsers.append(found)
        return found

    def case(self, number: int, **more) -> str:
        """An open case about one item; gives its id."""
        more = {"at": self.clock(), "assessors": 1} | more
        with self.store.write() as conn:
            return opened(conn, number, **more)


@contextmanager
def desk_house(folder: Path, *, database: str = "", more: str = "") -> Iterator[DeskHouse]:
    """The application on a free port, its data in a folder."""
    port, clock = free_port(), Hand()
    settings = make_data(
        folder / "data", database=database, more=f'[server]\npublic_url = "http://localhost:{port}"\n{more}'
    )
    with Runtime(settings, clock=clock) as runtime:
        object.__setattr__(runtime.access, "address_per_minute", 1_000_000)
        app = create_app(runtime.service, runtime.access)
        with served(app, port=port):
            found = DeskHouse(address=f"http://localhost:{port}", app=app, runtime=runtime, clock=clock)
            yield found
            for browser in found.browsers:
                browser.close()
