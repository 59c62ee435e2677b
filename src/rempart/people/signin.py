"""Signing in: password and code, passkey, identity provider, one-time link. Each ends in a new session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from rempart.clock import Clock
from rempart.errors import RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.people import attempts, passkeys, sessions, totp
from rempart.people.passkeys import Site
from rempart.people.passwords import LONGEST, Passwords
from rempart.people.persons import folded, possible
from rempart.people.principal import Principal
from rempart.people.records import persons
from rempart.people.records import sessions as records
from rempart.people.records.persons import Person
from rempart.people.records.sessions import Link
from rempart.people.sealing import SecretBox
from rempart.people.sessions import Limits, Started
from rempart.people.tokens import RandomBytes, looks_like_token, new_token, token_hash
from rempart.store.engine import Store

LINK_LIFE = timedelta(hours=24)
_CEREMONY = timedelta(minutes=10)
_NO_SECRET = "A" * 32


def one_time_link(
    conn: Connection,
    person: Person,
    *,
    by: Principal,
    at: datetime,
    random: RandomBytes,
    purpose: str = "enrol",
    life: timedelta = LINK_LIFE,
) -> str:
    """The token of a link that is good once: `<public address>/sign-in/link/<token>`.

    `enrol`: whoever uses it sets up a new password and code, or a passkey; every way in from before is void then.
    `sign-in`: opens a session as if signed in. Older links of the person are void. RefusedError for someone inactive.
    """
    if not person.active:
        raise RefusedError("This person is deactivated.", hint="Reactivate the account first.")
    records.void_links(conn, person.id, at)
    token = new_token(random)
    values = {"hash": token_hash(token), "person": person.id, "purpose": purpose, "created": at, "expires": at + life}
    records.add_link(conn, values)
    leaf = Leaf(
        action="person.link_made", actor=by.pseudonym, facts={"purpose": purpose}, subject=f"person:{person.id}"
    )
    append(conn, leaf, at=at)
    return token


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What signing in needs; methods open their own short transactions and block: not for the event loop."""

    store: Store
    passwords: Passwords
    box: SecretBox
    clock: Clock
    random: RandomBytes
    limits: Limits
    site: Site

    def with_password(
        self, *, name: str, password: str, code: str, address: str, replaces: str | None = None
    ) -> Started:
        """Sign in with name, password and code. RefusedError says the same whichever is wrong, after the same work.

        Raises TooManyRequestsError after too many tries.
        """
        wanted, at = folded(name)[:64], self.clock()
        attempts.count(self.store, self.box, name=wanted, address=address, at=at)
        with self.store.read() as conn:
            person = persons.by_name(conn, wanted) if possible(wanted) else None
        right = self.passwords.right(person.password if person else None, password[: LONGEST * 4])
        secret = self._secret(person)
        step = totp.matching_step(secret or _NO_SECRET, code, at=at)
        if person is None or not person.active or not right or secret is None or step is None:
            raise wrong()
        started = self._begin(person, method="password", step=step, replaces=replaces)
        attempts.forgive(self.store, self.box, name=wanted, address=address)
        if person.password is not None and self.passwords.outdated(person.password):
            self._rehash(person, password)
        return started

    def link(self, token: str) -> tuple[Link, Person] | None:
        """What a one-time link is for, without using it up; None when it cannot be used."""
        if not looks_like_token(token):
            return None
        with self.store.read() as conn:
            found = records.link_by_hash(conn, token_hash(token))
            if found is None or found.used is not None or found.expires <= self.clock():
                return None
            person = persons.by_id(conn, found.person)
        return (found, person) if person is not None and person.active else None

    def with_link(self, token: str, *, replaces: str | None = None) -> Started:
        """Use a one-time link up: once, however many try at the same time. Raises RefusedError."""
        seen, at = self.link(token), self.clock()
        if seen is None:
            raise _spent()
        found, person = seen
        with self.store.write() as conn:
            if not records.use_link(conn, token_hash(token), at):
                raise _spent()
            if found.purpose == "enrol":
                sessions.end_everywhere(conn, person.id, by=self._as(person), at=at)
                persons.change(conn, person.id, password=None, totp_secret=None, oidc_issuer=None, oidc_subject=None)
                persons.remove_passkeys(conn, person.id)
            stage = "enrolling" if found.purpose == "enrol" else "full"
            return self._start(conn, person, method="link", at=at, stage=stage, replaces=replaces)

    def passkey_options(self) -> tuple[str, str]:
        """Begin with a passkey: (token of the ceremony, options for the browser as JSON)."""
        challenge = self.random(32)
        token = self.ceremony("passkey", {"challenge": challenge.hex()})
        return token, passkeys.authentication(self.site, challenge=challenge)

    def with_passkey(self, token: str, answer: str, *, address: str, replaces: str | None = None) -> Started:
        """End with a passkey: the ceremony's token and what the browser answered. Raises RefusedError."""
        at = self.clock()
        attempts.count(self.store, self.box, name="", address=address, at=at)
        facts = self.taken(token, "passkey")
        credential = passkeys.credential_of(answer)
        with self.store.read() as conn:
            held = persons.passkey(conn, credential)
            person = persons.by_id(conn, held.person) if held else None
        if held is None or person is None or not person.active:
            raise RefusedError("The passkey was not accepted.", hint="Try again, or sign in another way.")
        count = passkeys.used(self.site, answer, challenge=bytes.fromhex(facts["challenge"]), passkey=held)
        with self.store.write() as conn:
            if not persons.use_passkey(conn, credential, before=held.sign_count, count=count, at=at):
                raise RefusedError("The passkey was not accepted.", hint="Try again, or sign in another way.")
            started = self._start(conn, person, method="passkey", at=at, replaces=replaces)
        attempts.forgive(self.store, self.box, name="", address=address)
        return started

    def with_provider(self, issuer: str, subject: str, *, asked_anew: bool, replaces: str | None = None) -> Started:
        """Sign in the person whom an identity provider vouches for. RefusedError for one nobody has linked.

        Only a provider that asked them anew proves that they are there: otherwise a browser left open would do.
        """
        at = self.clock()
        with self.store.write() as conn:
            person = persons.by_subject(conn, issuer, subject)
            if person is None or not person.active:
                raise RefusedError(
                    "This account is not linked to anyone here.",
                    hint="Sign in another way, then link it under “Your account”; or ask an administrator.",
                )
            return self._start(conn, person, method="provider", at=at, replaces=replaces, proved=asked_anew)

    def ceremony(self, kind: str, facts: dict[str, Any], *, person: str | None = None) -> str:
        """Keep the state of something that takes two steps, for ten minutes; gives its token."""
        token = new_token(self.random)
        values = {"kind": kind, "person": person, "facts": facts, "expires": self.clock() + _CEREMONY}
        with self.store.write() as conn:
            records.add_ceremony(conn, values | {"hash": token_hash(token)})
        return token

    def seen(self, token: str, kind: str, *, person: str | None = None) -> dict[str, Any]:
        """Look at that state without taking it. RefusedError as for `taken`."""
        with self.store.read() as conn:
            found = records.see_ceremony(conn, token_hash(token), kind=kind, at=self.clock())
        return _own(found, person)

    def taken(self, token: str, kind: str, *, person: str | None = None) -> dict[str, Any]:
        """Take that state back, once. RefusedError when it is not there, too old, or somebody else's."""
        with self.store.write() as conn:
            found = records.take_ceremony(conn, token_hash(token), kind=kind, at=self.clock())
        return _own(found, person)

    def _begin(self, person: Person, *, method: str, step: int, replaces: str | None) -> Started:
        with self.store.write() as conn:
            if not persons.take_step(conn, person.id, step):
                raise wrong()
            return self._start(conn, person, method=method, at=self.clock(), replaces=replaces)

    def _start(
        self,
        conn: Connection,
        person: Person,
        *,
        method: str,
        at: datetime,
        stage: str = "full",
        replaces: str | None = None,
        proved: bool = True,
    ) -> Started:
        return sessions.start(
            conn, person, method=method, at=at, limits=self.limits, random=self.random, stage=stage, replaces=replaces,
            proved=proved,
        )  # fmt: skip

    def _secret(self, person: Person | None) -> str | None:
        if person is None or person.totp_secret is None:
            return None
        return self.box.open(person.totp_secret, owner=person.id)

    def _rehash(self, person: Person, password: str) -> None:
        hashed = self.passwords.hashed(password)
        with self.store.write() as conn:
            persons.change(conn, person.id, password=hashed)

    def _as(self, person: Person) -> Principal:
        return Principal(kind="person", id=person.id, pseudonym=person.pseudonym)


def wrong() -> RefusedError:
    """The one answer to a wrong name, password or code."""
    return RefusedError(
        "Name, password or code are not right.",
        hint="Try again with a new code; an administrator can send you a link if you cannot get in.",
    )


def _spent() -> RefusedError:
    return RefusedError(
        "This link was used, has expired, or never existed.", hint="Ask an administrator for a new one."
    )


def _own(found: tuple[str | None, Any] | None, person: str | None) -> dict[str, Any]:
    if found is None or found[0] != person or not isinstance(found[1], dict):
        raise RefusedError("That took too long, or was done before.", hint="Start again from this page.")
    return found[1]
