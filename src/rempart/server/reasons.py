"""Statements of reasons as a deployment's settings ask for them: who speaks, on which grounds, and what is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from rempart.errors import RefusedError, SettingsError
from rempart.intake.notices.sources import told_of
from rempart.reports.reasons.dsa.connection import Database
from rempart.reports.reasons.dsa.filing import FILE, Batcher, Filer
from rempart.reports.reasons.follow import Follower
from rempart.reports.reasons.grounds import Grounds, read_grounds
from rempart.reports.reasons.making import Maker
from rempart.reports.reasons.wording import Operator
from rempart.settings import Settings
from rempart.store.engine import Store
from rempart.store.jobs import Handler
from rempart.store.periodic import Periodic


def operator_of(settings: Settings) -> Operator:
    """Who speaks in statements."""
    told = settings.reasons
    return Operator(
        name=told.operator, complaints=told.complaints, disputes=told.disputes, courts=told.courts, terms=told.terms,
        countries=told.countries, language=told.language,
    )  # fmt: skip


def grounds_of(settings: Settings) -> Grounds:
    """The grounds, the operator's own first. Raises SettingsError for a file that cannot be read."""
    if not settings.reasons.grounds:
        return Grounds()
    try:
        return Grounds(read_grounds(settings.data / settings.reasons.grounds))
    except RefusedError as err:
        raise SettingsError(f"reasons.grounds: {err.message}", hint=err.hint) from err


def maker_of(settings: Settings) -> Maker:
    """What makes statements."""
    return Maker(
        operator=operator_of(settings), grounds=grounds_of(settings), noticed=told_of,
        filing=bool(settings.reasons.database_url),
        wait=timedelta(minutes=settings.reasons.wait_minutes),
    )  # fmt: skip


def periodics(store: Store, settings: Settings) -> Sequence[Periodic]:
    """What is done by itself: statements are made, and, where a database is set, put into batches for it."""
    works = (Follower(store, maker_of(settings)).periodic(),)
    return (*works, Batcher(store).periodic()) if settings.reasons.database_url else works


def senders(store: Store, settings: Settings) -> Mapping[str, Handler]:
    """What sends batches; nothing where no database is set."""
    if not settings.reasons.database_url:
        return {}
    return {FILE: Filer(store, lambda: database_of(settings), clock=store.clock)}


def database_of(settings: Settings) -> Database:
    """The transparency database that the operator set. Raises SettingsError where there is none."""
    told = settings.reasons
    if not told.database_url:
        raise SettingsError("reasons.database_url is not set.", hint="Set it and reasons.database_token.")
    return Database(told.database_url, told.database_token.get_secret_value())
