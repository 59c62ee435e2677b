"""The pages of a running service: its keys, its lists, and who carries out what was approved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Connection
from starlette.applications import Starlette

from rempart.errors import RefusedError
from rempart.evidence.vault import Keyring
from rempart.lists import entry_records, staging_records
from rempart.lists.staging_records import State
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records.approvals import Approval
from rempart.people.rewrapping import secret_keys
from rempart.policy import versions
from rempart.reports.cybertip.drafting.reading import questions
from rempart.reports.referrals import drafting
from rempart.reports.referrals.standing import referral_for
from rempart.server.access import Access
from rempart.server.invitations import Invitations
from rempart.server.pages.asked import more
from rempart.server.pages.astray import show_pages_for_errors
from rempart.server.pages.building import build_pages
from rempart.server.pages.contexts import ListRow
from rempart.server.pages.doors import Pages
from rempart.server.pages.orders import acting as ordered
from rempart.server.pages.reports import acting, switchboard
from rempart.server.pages.routes import routes
from rempart.server.referring import sender_of
from rempart.server.service import Service

_SHOWN = 100


def add_pages(app: Starlette, service: Service, access: Access) -> None:
    """Give an application its pages; before it checks that every route declares what it needs."""
    app.state.pages = pages_of(service, access)
    app.router.routes.extend(routes())
    show_pages_for_errors(app)


def pages_of(service: Service, access: Access) -> Pages:
    """The pages of a running service."""
    ring: Keyring = service.vault.keyring

    def keys() -> Sequence[bytes]:
        return secret_keys(ring)

    def policy(approval: Approval, who: Principal, approve: bool, reason: str) -> None:
        with service.store.write() as conn:
            versions.decide(
                conn, approval.subject, by=who, approve=approve, reason=reason, at=service.clock(),
                alone_after=pages.alone_after,
            )  # fmt: skip
        service.policies.forget()

    def referral(approval: Approval, who: Principal, approve: bool, reason: str) -> None:
        with service.store.write() as conn:
            drafting.decide(
                conn, approval, who, approve=approve, reason=reason, sender=sender_of(service.settings), keyring=ring,
                at=service.clock(), alone_after=pages.alone_after,
            )  # fmt: skip

    def report(approval: Approval, who: Principal, approve: bool, reason: str) -> None:
        acting.confirm(service, approval, who, approve, reason, alone_after=pages.alone_after)

    def production(approval: Approval, who: Principal, approve: bool, reason: str) -> None:
        switchboard.decide(service, approval, who, approve, reason, alone_after=pages.alone_after)

    def changes(approval: Approval, who: Principal, approve: bool, reason: str) -> None:
        service.curation.decide(approval.subject.partition(":")[2], by=who, approve=approve, reason=reason)

    def lists() -> tuple[ListRow, ...]:
        with service.store.read() as conn:
            return tuple(
                ListRow(name=one.name, mode=one.mode.value, entries=one.live, taken_in=_taken_in(conn, one.id))
                for one in entry_records.all_lists(conn, after=0, limit=_SHOWN)
            )

    pages: Pages = build_pages(
        service.settings,
        access,
        secrets_keys=keys,
        decide={
            "policy": policy,
            "list.changes": changes,
            "evidence.destroy": partial(ordered.decide, service, lambda: pages),
            "report": report,
            "report.production": production,
            "referral": referral,
        },
        lists=lists,
        more=more,
        known=_known,
        invite=Invitations(service.settings, keyring=ring, clock=service.clock),
        lacking=service.readiness.lacking,
    )
    return pages


def _known(conn: Connection, asked: tuple[Approval, ...], who: Principal) -> tuple[Approval, ...]:
    """Questions without those about reports and referrals of which a person must not know."""
    return tuple(one for one in questions(conn, asked, who) if not _hidden_referral(conn, one, who))


def _hidden_referral(conn: Connection, asked: Approval, who: Principal) -> bool:
    kind, _, referral = asked.subject.partition(":")
    if kind != "referral":
        return False
    try:
        referral_for(conn, referral, who, Permission.REPORTS_READ)
    except RefusedError:
        return True
    return False


def _taken_in(conn: Connection, list_id: str) -> datetime | None:
    newest = staging_records.of_list(conn, list_id, limit=1, states=[State.APPLIED])
    return newest[0].settled if newest else None
