"""The pages of a service, with who carries out what people second."""

from __future__ import annotations

from collections.abc import Mapping

from rempart.clock import Clock
from rempart.evidence.vault import Keyring
from rempart.evidence.vault.datakeys import named_key
from rempart.lists import entry_records
from rempart.lists.curation import Curation
from rempart.lists.ingest import KIND as LIST_CHANGES
from rempart.people.principal import Principal
from rempart.people.records.approvals import Approval
from rempart.policy import versions
from rempart.policy.versions import PolicyStore
from rempart.server.access import Access
from rempart.server.pages.building import build_pages
from rempart.server.pages.contexts import ListRow
from rempart.server.pages.doors import Pages, Second
from rempart.settings import Settings
from rempart.store.engine import Store

SECRETS = "people"
"""The named key that guards people's secrets, such as the seeds of their authenticators."""
_MOST_LISTS = 500


def open_pages(
    settings: Settings,
    access: Access,
    *,
    store: Store,
    keyring: Keyring,
    curation: Curation,
    policies: PolicyStore,
    clock: Clock,
) -> Pages:
    """The pages of a process. Raises ServiceKeyMissingError when people's secrets could not be read."""
    with store.write() as conn:
        secret = named_key(conn, keyring, SECRETS)
    return build_pages(
        settings,
        access,
        secrets_keys=[secret],
        decide=seconds(store, curation, policies, clock=clock),
        lists=lambda: shown_lists(store),
    )


def seconds(store: Store, curation: Curation, policies: PolicyStore, *, clock: Clock) -> Mapping[str, Second]:
    """Who carries out what is seconded, by the kind of approval."""

    def list_changes(asked: Approval, by: Principal, approve: bool, reason: str) -> None:
        curation.decide(asked.subject.partition(":")[2], by=by, approve=approve, reason=reason)

    def policy(asked: Approval, by: Principal, approve: bool, reason: str) -> None:
        with store.write() as conn:
            versions.decide(
                conn, asked.subject, by=by, approve=approve, reason=reason, at=clock(), alone_after=curation.alone_after
            )
        policies.forget()

    return {LIST_CHANGES: list_changes, versions.APPROVAL: policy}


def shown_lists(store: Store) -> tuple[ListRow, ...]:
    """The lists for the start page."""
    with store.read() as conn:
        found = entry_records.all_lists(conn, limit=_MOST_LISTS)
    return tuple(ListRow(name=one.name, mode=one.mode.value, entries=one.live, changed=one.created) for one in found)
