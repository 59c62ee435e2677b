"""A whole deployment in this process: its data folder, the running service, persons with a session, and browsers."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from html import unescape
from os import urandom
from pathlib import Path
from unittest.mock import patch

import httpx
from fastapi import FastAPI

from desks import opened
from inprocess import free_port, served
from looking import Looking
from rempart.clock import utc_now
from rempart.people import persons, sessions
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE, Principal
from rempart.people.records.persons import Person
from rempart.people.records.sessions import sessions as session_rows
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

    go_on = forward
    """As the clocks of rooms' own tests call it."""


@dataclass
class Deployment:
    """What runs, where, and who is in it. `last` is whoever came in last."""

    address: str
    app: FastAPI
    runtime: Runtime
    clock: Hand
    people: dict[str, Person] = field(default_factory=dict)
    browsers: list[httpx.Client] = field(default_factory=list)
    last: Principal | None = None

    @property
    def store(self):
        return self.runtime.service.store

    @property
    def curation(self):
        return self.runtime.service.curation

    @cached_property
    def desk(self) -> Looking:
        """Makes cases whose pictures are sealed, and claims them."""
        service = self.runtime.service
        return Looking(service.store, service.vault, self.clock, service.sight)

    def case(self, number: int, **more) -> str:
        """An open case about one item without bytes; gives its id."""
        more = {"at": self.clock(), "assessors": 1} | more
        with self.store.write() as conn:
            return opened(conn, number, **more)

    def person(self, name: str, *roles: Role, language: str = "en") -> Person:
        """Somebody with these roles (a reviewer, if none), made at the first call."""
        if name not in self.people:
            with self.store.write() as conn:
                self.people[name] = persons.add(
                    conn, name=name, roles=roles or [Role.REVIEWER], by=CONSOLE, at=self.clock(), random=urandom,
                    language=language,
                )  # fmt: skip
        return self.people[name]

    def cookie(self, name: str, *roles: Role, old: bool = False, language: str = "en") -> dict[str, str]:
        """A new session of a person, as Playwright takes a cookie; `old`: they have to prove again who they are."""
        person, access = self.person(name, *roles, language=language), self.runtime.access
        with self.store.write() as conn:
            started = sessions.start(conn, person, method="test", at=self.clock(), limits=access.limits, random=urandom)
            if old:
                conn.execute(session_rows.update().where(session_rows.c.id == started.session.id).values(proved=None))
        self.last = principal_of(person, started.session)
        return {"name": access.cookie, "value": started.token, "url": self.address}

    def principal(self, name: str, *roles: Role) -> Principal:
        """Somebody in a session of their own."""
        self.cookie(name, *roles)
        assert self.last
        return self.last

    def browser(self, name: str, *roles: Role, old: bool = False, language: str = "en") -> httpx.Client:
        """A browser without scripts in which a person is signed in."""
        cookie = self.cookie(name, *roles, old=old, language=language)
        headers = {"sec-fetch-site": "same-origin", "accept": "text/html"}
        found = httpx.Client(
            base_url=self.address, headers=headers, timeout=60, cookies={cookie["name"]: cookie["value"]}
        )
        self.browsers.append(found)
        return found


@contextmanager
def deployment(folder: Path, *, more: str = "") -> Iterator[Deployment]:
    """A deployment under the name localhost, its data in a folder that is there; `more` are settings."""
    port, clock = free_port(), Hand()
    address = f"http://localhost:{port}"
    with patch.dict(os.environ):
        for name in ("REMPART_SCREENSHOTS", "REMPART_CHROMIUM"):
            os.environ.pop(name, None)  # of the tests, and no settings
        settings = make_data(folder / "data", more=f'[server]\npublic_url = "{address}"\n{more}')
    with Runtime(settings, clock=clock) as runtime:
        object.__setattr__(runtime.access, "address_per_minute", 1_000_000)
        app = create_app(runtime.service, runtime.access)
        with served(app, port=port):
            found = Deployment(address=address, app=app, runtime=runtime, clock=clock)
            yield found
            for browser in found.browsers:
                browser.close()


def text_of(page: str) -> str:
    """The words of a page, without marks."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page)))


def rows_of(page: str) -> int:
    """How many rows the tables of a page have."""
    return len(re.findall(r'<tr role="row"', page)) - len(re.findall(r"<thead", page))
