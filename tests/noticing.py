"""Notices in tests: a form that says everything, and the ways to hand it in."""

import secrets

from actors import NOON
from rempart.evidence.vault import HeldKeys
from rempart.intake.notices.submit import submit
from rempart.intake.notices.values import Answer, Location, NoticeForm, Role
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


def keys():
    """A keyring of its own."""
    return HeldKeys(key_text())


def sent(store, told, *, keyring, at=NOON, regimes=REGIMES, **more):
    """Hand a notice in, in a transaction of its own."""
    with store.write() as conn:
        return submit(conn, told, service="forum", regimes=regimes, keyring=keyring, at=at, address=HOME, **more)
