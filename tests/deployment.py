"""A whole deployment in this process: a data folder, its running service, persons with a session, and browsers."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from os import urandom
from pathlib import Path

import httpx

from inprocess import free_port, served
from rempart.clock import utc_now
from rempart.people import persons, sessions
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE, Principal
from rempart.people.records.persons import Person
from rempart.server.app import create_app
from rempart.server.runtime import Runtime
from serving import make_data


@dataclass
class Deployment:
    """What runs, where, and who is in it."""

    address: str
    app: object
    runtime: Runtime
    people: dict[str, Person] = field(default_factory=dict)
    browsers: list[httpx.Client] = field(default_factory=list)

    @property
    def store(self):
        return self.runtime.service.store

    @property
    def curation(self):
        return self.runtime.service.curation

    def person(self, name: str, *roles: Role, language: str = "en") -> Person:
        """Somebody with these roles, made at the first call."""
        if name not in self.people:
            with self.store.write() as conn:
                self.people[name] = persons.add(
                    conn, name=name, roles=roles, by=CONSOLE, at=utc_now(), random=urandom, language=language
                )
        return self.people[name]

    def principal(self, name: str, *roles: Role) -> Principal:
        """The same, as who asks."""
        found = self.person(name, *roles)
        return Principal(kind="person", id=found.id, pseudonym=found.pseudonym, roles=frozenset(found.roles))

    def cookie(self, name: str, *, old: bool = False) -> tuple[str, str]:
        """The session cookie of a person who just came in; `old`: who has to prove again who they are."""
        access = self.runtime.access
        with self.store.write() as conn:
            started = sessions.start(
                conn, self.people[name], method="test", at=utc_now(), limits=access.limits, random=urandom, stage="full"
            )
            if old:
                _forget_proof(conn, started)
        return access.cookie, started.token

    def browser(self, name: str, *roles: Role, old: bool = False, language: str = "en") -> httpx.Client:
        """A browser of somebody who is signed in."""
        self.person(name, *roles, language=language)
        cookie = "=".join(self.cookie(name, old=old))
        headers = {"sec-fetch-site": "same-origin", "accept": "text/html", "cookie": cookie}
        client = httpx.Client(base_url=self.address, headers=headers, timeout=60, follow_redirects=False)
        self.browsers.append(client)
        return client


def _forget_proof(conn, started) -> None:
    from rempart.people.records.sessions import sessions as table

    conn.execute(table.update().where(table.c.id == started.session.id).values(proved=None))


@contextmanager
def deployment(folder: Path, *, database: str = "", more: str = "") -> Iterator[Deployment]:
    """A deployment on a free port of the loopback."""
    port = free_port()
    settings = make_data(folder, database=database, more=more)
    with Runtime(settings) as runtime:
        object.__setattr__(runtime.access, "address_per_minute", 1_000_000)
        app = create_app(runtime.service, runtime.access)
        with served(app, port=port) as address:
            found = Deployment(address=address, app=app, runtime=runtime)
            yield found
            for browser in found.browsers:
                browser.close()


def text_of(page: str) -> str:
    """The words of a page, without marks."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page)))


def rows_of(page: str) -> int:
    """How many rows the tables of a page have."""
    return len(re.findall(r'<tr role="row"', page)) - len(re.findall(r"<thead", page))
