"""Referrals as a deployment's settings ask for them: who speaks in packages, and to whom they may be sealed."""

from __future__ import annotations

from rempart.evidence.ledger.keyfile import open_signer
from rempart.evidence.ledger.notes import Signer
from rempart.reports.referrals.recipients import Recipient, Sender
from rempart.server.ledgers import key_path
from rempart.settings import Settings


def sender_of(settings: Settings) -> Sender:
    """The operator as its packages name it, and its recipients."""
    told = settings.referrals
    return Sender(
        name=told.operator or settings.reasons.operator, contact=told.contact, country=told.country,
        registrations=frozenset(told.registrations),
        recipients=tuple(
            Recipient(
                id=one.id, name=one.name, kind=one.kind, country=one.country, keys=tuple(dict.fromkeys(one.keys)),
                authority=one.authority,
            )
            for one in told.recipients
        ),
    )  # fmt: skip


def signer_of(settings: Settings) -> Signer:
    """The ledger's key, which signs packages too. Raises IncompleteError when it is not there."""
    return open_signer(key_path(settings))
