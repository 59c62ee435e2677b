"""The three kinds of report: with files, with their digests alone, and about an account without any picture."""

from __future__ import annotations

from enum import StrEnum

from rempart.reports.cybertip.drafting.facts import Frozen
from rempart.reports.cybertip.drafting.holding import Draft


class Kind(StrEnum):
    """What a report has to show. Trafficking, enticement and solicitation are mostly about an account."""

    FILES = "files"
    HASHES = "hashes"
    ACCOUNT = "account"


def kind_of(frozen: Frozen, draft: Draft) -> Kind:
    """The kind of a draft: what is sent, not what there is. Items whose bytes were never kept have digests alone."""
    if draft.tip.files and not draft.hash_only:
        return Kind.FILES
    return Kind.HASHES if frozen.items else Kind.ACCOUNT
