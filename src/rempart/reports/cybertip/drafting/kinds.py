"""The three kinds of report: with files, with their digests alone, and about an account without any picture."""

from __future__ import annotations

from enum import StrEnum

from rempart.reports.cybertip.document.records import CyberTip
from rempart.reports.cybertip.drafting.facts import Frozen


class Kind(StrEnum):
    """What a report has to show. Trafficking, enticement and solicitation are mostly about an account."""

    FILES = "files"
    HASHES = "hashes"
    ACCOUNT = "account"


def kind_of(frozen: Frozen, tip: CyberTip) -> Kind:
    """The kind of what is sent, not of what there is. Items whose bytes were never kept have digests alone."""
    if tip.files:
        return Kind.FILES
    return Kind.HASHES if frozen.items else Kind.ACCOUNT
