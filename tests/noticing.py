"""Notices in tests: a form that says everything, and the ways to hand it in."""

import secrets

from actors import NOON
from rempart.evidence.vault import HeldKeys
from rempart.intake.notices.letters import Sender
from rempart.intake.notices.reading import by_number
from rempart.intake.notices.submit import submit
from rempart.intake.notices.values import Answer, Location, NoticeForm, Role
from rempart.intake.notices.writing import Writer
from vaults import key_text

REGIMES = ("us-tida", "uk-osa", "eu-dsa", "fr-lcen")
URL = "https://forum.example/photos/17"
HOME = "198.51.100.7"


def form(*urls, **more):
    """A notice that has every element, from the person in the picture."""
    values = {
        "language": "en", "role": Role.SELF, "minor": Answer.NO,
        "locations": tuple(Location(url=one) for one in urls or (URL,)), "explanation": "It shows me on my balcony.",
        "good_faith": True, "accurate": True, "intimate": True, "signature": "Ada Byron", "name": "Ada Byron",
        "contact": "ada@mail.example", "synthetic": Answer.NO,
    } | more  # fmt: skip
    return NoticeForm(**values)


def hashes(*frames, sha256=None):
    """The text that the page's own hashing makes, of random pictures where none are named."""
    sha256 = sha256 or secrets.token_bytes(32)
    frames = frames or ((secrets.token_bytes(32), 100),)
    lines = ["recipe srgb8-full-v1", f"sha256 {bytes(sha256).hex()}"]
    return "\n".join([*lines, *(f"{bytes(pdq).hex()} {quality}" for pdq, quality in frames)])


def a_writer(keyring=None, **more):
    """Who writes letters, with a keyring of its own."""
    return Writer(sender=Sender(page="https://forum.example/notice"), keyring=keyring or HeldKeys(key_text()), **more)


def sent(store, told, *, writer, at=NOON, regimes=REGIMES, address=HOME, **more):
    """Hand a notice in, in a transaction of its own."""
    with store.write() as conn:
        return submit(conn, told, service="forum", regimes=regimes, writer=writer, at=at, address=address, **more)


def read(store, told, *, writer, at=NOON, address=HOME):
    """The notice as the person who sent it sees it."""
    return by_number(store, told.number, told.secret, keyring=writer.keyring, address=address, at=at)
