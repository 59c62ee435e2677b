"""Drafts of reports as a deployment's settings ask for them."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from rempart.errors import SettingsError
from rempart.evidence.vault import Keyring
from rempart.reports.cybertip import production
from rempart.reports.cybertip.drafting import wanted
from rempart.reports.cybertip.drafting.composing import House
from rempart.reports.cybertip.drafting.making import Maker
from rempart.reports.cybertip.drafting.seconding import Begin
from rempart.reports.cybertip.filing import beginning as filing
from rempart.reports.cybertip.production import SwitchState
from rempart.reports.cybertip.values import Environment
from rempart.server.cybertips import edition_of, environment_of, refused_by, reporter_of, schema_of
from rempart.server.switching import target_of
from rempart.settings import Settings


def house_of(settings: Settings) -> House:
    """Who reports, and what may be said in its name. A pinned schema that cannot be used stops sending, no drafts."""
    told = settings.cybertip
    try:
        schema = schema_of(settings)
    except SettingsError:
        schema = None
    return House(
        reporter=reporter_of(settings), esp_service=told.esp_service or None,
        may_classify=told.industry_classification, edition=edition_of(schema),
        schema=None if schema is None else partial(refused_by, schema),
    )  # fmt: skip


def begin_of(settings: Settings) -> Begin:
    """What begins to file a report that was confirmed, where this deployment's reports go. While filing for real is
    not switched on, what was confirmed waits for it."""
    environment = environment_of(settings)

    def begin(conn: Connection, report_id: str, at: datetime) -> None:
        real = environment is Environment.PRODUCTION
        if not real or production.switch(conn, target_of(settings)).state is SwitchState.ON:
            filing.begin(conn, report_id, environment=environment, at=at)

    return begin


def maker_of(settings: Settings, *, keyring: Keyring) -> Maker:
    """What makes drafts."""
    return Maker(house=house_of(settings), keyring=keyring, wanted=wanted.tell)
