"""Drafts of reports as a deployment's settings ask for them."""

from __future__ import annotations

from rempart.evidence.vault import Keyring
from rempart.reports.cybertip.drafting import wanted
from rempart.reports.cybertip.drafting.composing import House
from rempart.reports.cybertip.drafting.making import Maker
from rempart.server.cybertips import reporter_of
from rempart.settings import Settings


def house_of(settings: Settings) -> House:
    """Who reports, and what may be said in its name."""
    told = settings.cybertip
    return House(
        reporter=reporter_of(settings), esp_service=told.esp_service or None,
        may_classify=told.industry_classification,
    )  # fmt: skip


def maker_of(settings: Settings, *, keyring: Keyring) -> Maker:
    """What makes drafts."""
    return Maker(house=house_of(settings), keyring=keyring, wanted=wanted.tell)
