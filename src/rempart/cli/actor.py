"""Who acts in a command: whoever has the console, or a person who signs in there for as long as it takes."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from rempart.cli.datafolder import DataFolder
from rempart.clock import utc_now
from rempart.people.principal import CONSOLE, Principal

if TYPE_CHECKING:
    from rempart.people.signin import SignIn


def sign_in(folder: DataFolder) -> SignIn:
    """What signing in on the machine's console needs; it loads only where somebody is named."""
    from rempart.people.passkeys import Site
    from rempart.people.passwords import Passwords
    from rempart.people.rewrapping import secret_keys
    from rempart.people.sealing import SecretBox
    from rempart.people.sessions import Limits
    from rempart.people.signin import SignIn

    def keys() -> Sequence[bytes]:
        return secret_keys(folder.keyring)

    return SignIn(
        store=folder.store, passwords=Passwords(), box=SecretBox(keys, random=secrets.token_bytes), clock=utc_now,
        random=secrets.token_bytes, limits=Limits(), site=Site(host="localhost", origin="http://localhost"),
    )  # fmt: skip


@contextmanager
def acting(folder: DataFolder, name: str | None) -> Iterator[Principal]:
    """Who acts for the length of a command: the console, or the person of this name by password and code, from the
    terminal or the first two lines of standard input.

    Raises RefusedError, which does not say what is wrong, and TooManyRequestsError.
    """
    if name is None:
        yield CONSOLE
        return
    from rempart.people import sessions

    started = sign_in(folder).with_password(
        name=name, password=_asked("Password"), code=_asked("Code").strip(), address="console"
    )
    by = sessions.principal_of(started.person, started.session)
    try:
        yield by
    finally:
        with folder.store.write() as conn:
            sessions.end(conn, started.session, by=by, at=utc_now())


def _asked(what: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    given: str = click.prompt(what, hide_input=True, err=True)
    return given
