"""What a person changes about their own way in: password, code, passkeys, identity provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from rempart.errors import NotSignedInError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.people import passkeys, sessions, totp
from rempart.people.passwords import refuse_weak
from rempart.people.principal import Principal
from rempart.people.records import persons
from rempart.people.records.persons import Passkey, Person
from rempart.people.sessions import Started
from rempart.people.signin import SignIn

_PASSKEYS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account of the person who asks. Methods block; whoever calls has asked for a fresh proof where it says so."""

    entry: SignIn
    who: Principal

    def person(self) -> Person:
        """The person as of now."""
        with self.entry.store.read() as conn:
            return self._person(conn)

    def passkeys(self) -> tuple[Passkey, ...]:
        """The person's passkeys, oldest first."""
        with self.entry.store.read() as conn:
            return persons.passkeys_of(conn, self.who.id)

    def set_password(self, password: str, again: str) -> None:
        """Set a password; other sessions end. Needs a fresh proof. Raises RefusedError."""
        person = self.person()
        if password != again:
            raise RefusedError("The two passwords are not the same.", hint="Type the same one twice.")
        refuse_weak(password, names=(person.name, person.shown_name))
        hashed = self.entry.passwords.hashed(password)
        at = self.entry.clock()
        with self.entry.store.write() as conn:
            persons.change(conn, person.id, password=hashed)
            sessions.end_everywhere(conn, person.id, by=self.who, at=at, but=self.who.session)
            self._tell(conn, "person.password_set")

    def begin_code(self) -> tuple[str, str]:
        """A new seed for an authenticator app, not in force yet: (token of the ceremony, seed)."""
        secret = totp.new_secret()
        sealed = self.entry.box.seal(secret, owner=self.who.id)
        return self.entry.ceremony("code", {"sealed": sealed.hex()}, person=self.who.id), secret

    def seed_address(self, secret: str) -> str:
        """What an app reads from the square code."""
        return totp.address(secret, name=self.person().name, issuer=self.entry.site.name)

    def seed(self, token: str) -> str:
        """The seed of a ceremony that is under way. Raises RefusedError."""
        sealed = bytes.fromhex(self.entry.seen(token, "code", person=self.who.id)["sealed"])
        return self.entry.box.open(sealed, owner=self.who.id)

    def confirm_code(self, token: str, code: str) -> None:
        """Put the seed in force with a first code from it. Needs a fresh proof. Raises RefusedError."""
        at = self.entry.clock()
        step = totp.matching_step(self.seed(token), code, at=at)
        if step is None:
            raise RefusedError(
                "The code is not right.",
                hint="Type the code that the app shows now; if it stays wrong, check the phone's clock.",
            )
        sealed = bytes.fromhex(self.entry.taken(token, "code", person=self.who.id)["sealed"])
        with self.entry.store.write() as conn:
            persons.change(conn, self.who.id, totp_secret=sealed, totp_step=step)
            self._tell(conn, "person.code_set")

    def begin_passkey(self) -> tuple[str, str]:
        """Begin to make a passkey: (token of the ceremony, options for the browser as JSON)."""
        challenge = self.entry.random(32)
        with self.entry.store.read() as conn:
            person, present = self._person(conn), persons.passkeys_of(conn, self.who.id)
        if len(present) >= _PASSKEYS:
            raise RefusedError("There are 20 passkeys already.", hint="Remove one that is not used any more.")
        token = self.entry.ceremony("new-passkey", {"challenge": challenge.hex()}, person=person.id)
        return token, passkeys.registration(self.entry.site, person, challenge=challenge, present=present)

    def add_passkey(self, token: str, answer: str, *, label: str) -> None:
        """Keep what the browser made. Needs a fresh proof. Raises RefusedError."""
        facts = self.entry.taken(token, "new-passkey", person=self.who.id)
        made = passkeys.registered(self.entry.site, answer, challenge=bytes.fromhex(facts["challenge"]))
        named = "".join(letter for letter in label if letter.isprintable()).strip()[:80]
        with self.entry.store.write() as conn:
            if persons.passkey(conn, made.credential) is not None:
                raise RefusedError("This passkey is known already.", hint="Use another device or manager.")
            values: dict[str, Any] = {
                "credential": made.credential,
                "person": self.who.id,
                "public_key": made.public_key,
                "sign_count": made.sign_count,
                "label": named or "Passkey",
                "created": self.entry.clock(),
            }
            persons.add_passkey(conn, values)
            self._tell(conn, "person.passkey_added")

    def remove_passkey(self, credential: bytes) -> None:
        """Remove one, as long as there is another way in. Needs a fresh proof. Raises RefusedError."""
        with self.entry.store.write() as conn:
            person = self._person(conn)
            left = [one for one in persons.passkeys_of(conn, person.id) if one.credential != credential]
            if not (left or _has_code(person) or person.oidc_subject):
                raise RefusedError(
                    "This is your only way in.", hint="Add another passkey, or a password and a code, first."
                )
            if not persons.remove_passkey(conn, person.id, credential):
                raise RefusedError("There is no such passkey.", hint="It may have been removed before.")
            self._tell(conn, "person.passkey_removed")

    def link_provider(self, issuer: str, subject: str) -> None:
        """Let an identity provider vouch for this person from now on. Needs a fresh proof. Raises RefusedError."""
        with self.entry.store.write() as conn:
            other = persons.by_subject(conn, issuer, subject)
            if other is not None and other.id != self.who.id:
                raise RefusedError(
                    "That account is linked to somebody else here.", hint="Sign out there, then try again."
                )
            persons.change(conn, self.who.id, oidc_issuer=issuer, oidc_subject=subject)
            self._tell(conn, "person.provider_linked")

    def unlink_provider(self) -> None:
        """Let it vouch no more, as long as there is another way in. Raises RefusedError."""
        with self.entry.store.write() as conn:
            person = self._person(conn)
            if not (persons.passkeys_of(conn, person.id) or _has_code(person)):
                raise RefusedError(
                    "This is your only way in.", hint="Add another passkey, or a password and a code, first."
                )
            persons.change(conn, person.id, oidc_issuer=None, oidc_subject=None)
            self._tell(conn, "person.provider_unlinked")

    def finish(self) -> Started:
        """End the setting up with a full session in place of this one. RefusedError while there is no way in yet."""
        at = self.entry.clock()
        with self.entry.store.write() as conn:
            person = self._person(conn)
            if not (persons.passkeys_of(conn, person.id) or _has_code(person)):
                raise RefusedError("There is no way in yet.", hint="Add a passkey, or a password and a code.")
            return sessions.start(
                conn,
                person,
                method="enrolled",
                at=at,
                limits=self.entry.limits,
                random=self.entry.random,
                replaces=self.who.session,
            )

    def sign_out_elsewhere(self) -> int:
        """End all other sessions; gives how many there were."""
        with self.entry.store.write() as conn:
            return sessions.end_everywhere(conn, self.who.id, by=self.who, at=self.entry.clock(), but=self.who.session)

    def _person(self, conn: Connection) -> Person:
        person = persons.by_id(conn, self.who.id)
        if person is None:
            raise NotSignedInError("You are not signed in.", hint="Sign in.")
        return person

    def _tell(self, conn: Connection, action: str) -> None:
        leaf = Leaf(action=action, actor=self.who.pseudonym, facts={}, subject=f"person:{self.who.id}")
        append(conn, leaf, at=self.entry.clock())


def _has_code(person: Person) -> bool:
    return person.password is not None and person.totp_secret is not None
