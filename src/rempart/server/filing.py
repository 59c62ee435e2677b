"""Filing of reports as a deployment's settings ask for it: where they go, who is told, and when nothing may be sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

from sqlalchemy import Connection as Database

from rempart.evidence.vault import Vault
from rempart.reports.cybertip import production
from rempart.reports.cybertip.document.editions import Edition
from rempart.reports.cybertip.filing.filer import Filer
from rempart.reports.cybertip.filing.means import Means
from rempart.reports.cybertip.filing.outbox import Outbox
from rempart.reports.cybertip.service.connection import Connection
from rempart.reports.cybertip.values import Environment
from rempart.server.alarms import Alarms
from rempart.server.cybertips import check_of, connection_of, edition_of, mark_of, schema_of
from rempart.server.drafting import begin_of
from rempart.server.switching import target_of
from rempart.settings import Settings
from rempart.store.engine import Store
from rempart.store.jobs import Handler
from rempart.store.periodic import Periodic


def means_of(settings: Settings, store: Store, *, vault: Vault, alarms: Alarms) -> Means:
    """What filing works with here."""

    def connect(environment: Environment) -> AbstractContextManager[Connection]:
        return connection_of(settings, environment=environment, clock=store.clock)

    def mark(environment: Environment) -> bytes:
        return mark_of(settings, environment, keyring=vault.keyring)

    def require(conn: Database, environment: Environment) -> None:
        if environment is Environment.PRODUCTION:
            production.require(conn, target_of(settings))

    def edition() -> Edition:
        return edition_of(schema_of(settings))

    return Means(
        vault=vault, connect=connect, mark=mark, require=require, check=check_of(settings), edition=edition,
        begin=begin_of(settings), alarm=alarms.reports,
    )  # fmt: skip


def handlers(settings: Settings, store: Store, *, vault: Vault, alarms: Alarms) -> Mapping[str, Handler]:
    """What files reports. It has threads of its own: a long film must not keep mails and webhooks waiting."""
    return Filer(store, means_of(settings, store, vault=vault, alarms=alarms)).handlers()


def periodics(settings: Settings, store: Store, *, vault: Vault, alarms: Alarms) -> Sequence[Periodic]:
    """What sees to it that everything is tried when its time has come."""
    return (Outbox(store, means_of(settings, store, vault=vault, alarms=alarms)).periodic(),)
