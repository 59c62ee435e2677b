"""People for tests: a deployment's sign-in with quick passwords, a clock to set, and persons ready to use."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from os import urandom

import pyotp

from rempart.people import persons
from rempart.people.account import Account
from rempart.people.passkeys import Site
from rempart.people.passwords import Passwords
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE, Principal
from rempart.people.records.persons import Person
from rempart.people.sealing import SecretBox
from rempart.people.sessions import Limits, Started, principal_of
from rempart.people.signin import SignIn, one_time_link
from rempart.store.engine import Store

PASSWORD = "quiet otters fold maps"


@dataclass
class Watch:
    """A clock that stands still until it is told otherwise."""

    now: datetime = field(default_factory=lambda: datetime(2026, 11, 22, 12, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **amount: float) -> None:
        self.now += timedelta(**amount)


def entry_of(store: Store, clock: Watch, *, origin: str = "http://localhost:8600") -> SignIn:
    host = origin.partition("://")[2].partition(":")[0]
    return SignIn(
        store=store,
        passwords=Passwords(time_cost=1, memory_kib=64),
        box=SecretBox(lambda: [b"k" * 32], random=urandom),
        clock=clock,
        random=urandom,
        limits=Limits(),
        site=Site(host=host, origin=origin),
    )


def add_person(entry: SignIn, name: str, roles: Iterable[Role], *, language: str = "en") -> Person:
    with entry.store.write() as conn:
        return persons.add(
            conn, name=name, roles=roles, by=CONSOLE, at=entry.clock(), random=urandom, language=language
        )


def enrolled(entry: SignIn, person: Person, *, password: str = PASSWORD) -> tuple[str, Started]:
    """The person after the first link, with password and code: the seed, and the session that began."""
    with entry.store.write() as conn:
        token = one_time_link(conn, person, by=CONSOLE, at=entry.clock(), random=urandom)
    started = entry.with_link(token)
    account = Account(entry=entry, who=principal_of(started.person, started.session))
    account.set_password(password, password)
    ceremony, seed = account.begin_code()
    account.confirm_code(ceremony, code(seed, entry.clock()))
    return seed, account.finish()


def code(seed: str, at: datetime, *, steps: int = 0) -> str:
    return pyotp.TOTP(seed).generate_otp(int(at.timestamp()) // 30 + steps)


def signed_in(entry: SignIn, name: str, *roles: Role) -> Principal:
    """A new person, signed in."""
    _, started = enrolled(entry, add_person(entry, name, roles))
    return principal_of(started.person, started.session)
