"""What may be done, and which role of a person or scope of a service's key allows it.

Deny by default: what stands in no row of `BY_ROLE` or `BY_SCOPE` nobody may do. The administrator runs the
deployment and sees no evidence through the software: the role has no `evidence.*`, `cases.*` or `lists.entries`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Role(StrEnum):
    """What a person does here; one person may have several."""

    REVIEWER = "reviewer"
    LEAD = "lead"
    CURATOR = "curator"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Scope(StrEnum):
    """What a service's key is for."""

    CHECK = "check"
    SIGNALS = "signals"
    ANALYST = "analyst"
    ITEMS = "items"
    LISTS = "lists"
    DECISIONS = "decisions"
    WEBHOOKS = "webhooks"
    CASES = "cases"
    REPORTS = "reports"
    METRICS = "metrics"
    GENERATOR = "generator"


class Permission(StrEnum):
    """One thing that may be done; every route of the server declares one."""

    CHECK = "check"
    CHECK_SIGNALS = "check.signals"
    CHECK_DETAILS = "check.details"
    ITEMS_READ = "items.read"
    ITEMS_CONTENT = "items.content"
    ITEMS_DELETE = "items.delete"
    ITEMS_SEARCH = "items.search"
    LISTS_READ = "lists.read"
    LISTS_ENTRIES = "lists.entries"
    LISTS_CHANGE = "lists.change"
    LISTS_APPROVE = "lists.approve"
    DECISIONS_READ = "decisions.read"
    WEBHOOKS_MANAGE = "webhooks.manage"
    POLICY_READ = "policy.read"
    POLICY_PROPOSE = "policy.propose"
    POLICY_APPROVE = "policy.approve"
    CASES_READ = "cases.read"
    CASES_ASSESS = "cases.assess"
    CASES_DECIDE = "cases.decide"
    CASES_OPEN = "cases.open"
    CASES_LEAD = "cases.lead"
    NOTIFIERS_READ = "notifiers.read"
    NOTICES_READ = "notices.read"
    NOTICES_DECIDE = "notices.decide"
    NOTICES_LEAD = "notices.lead"
    REMOVALS_CONFIRM = "removals.confirm"
    REPORTS_READ = "reports.read"
    REPORTS_PREPARE = "reports.prepare"
    REPORTS_APPROVE = "reports.approve"
    REPORTS_LEAD = "reports.lead"
    REPORTS_SUPPLY = "reports.supply"
    ORDERS_READ = "orders.read"
    ORDERS_KEEP = "orders.keep"
    EVIDENCE_VIEW = "evidence.view"
    EVIDENCE_HOLD = "evidence.hold"
    EVIDENCE_DESTROY = "evidence.destroy"
    LEDGER_READ = "ledger.read"
    LEDGER_EXPORT = "ledger.export"
    METRICS = "metrics"
    STATUS = "status"
    OWN_ACCOUNT = "account"
    ENROL = "account.enrol"
    APPROVALS_READ = "approvals.read"
    PEOPLE_READ = "people.read"
    PEOPLE_MANAGE = "people.manage"
    KEYS_READ = "keys.read"
    KEYS_MANAGE = "keys.manage"
    WORK_READ = "work.read"
    WORK_MANAGE = "work.manage"
    CARE = "care"
    STATISTICS_READ = "statistics.read"
    OVERSIGHT = "oversight"
    HEALTH = "health"
    GATE = "gate"
    STAMP = "stamp"


_ANYONE = frozenset({Permission.STATUS, Permission.OWN_ACCOUNT, Permission.APPROVALS_READ})
_REVIEWER = frozenset(
    {
        Permission.ITEMS_READ,
        Permission.CASES_READ,
        Permission.CASES_ASSESS,
        Permission.CASES_DECIDE,
        Permission.CASES_OPEN,
        Permission.NOTICES_READ,
        Permission.NOTICES_DECIDE,
        Permission.REPORTS_READ,
        Permission.REPORTS_PREPARE,
        Permission.REPORTS_APPROVE,
        Permission.EVIDENCE_VIEW,
        Permission.CARE,
    }
)

BY_ROLE: Mapping[Role, frozenset[Permission]] = {
    Role.REVIEWER: _ANYONE | _REVIEWER,
    Role.LEAD: _ANYONE
    | _REVIEWER
    | {
        Permission.CASES_LEAD,
        Permission.NOTIFIERS_READ,
        Permission.NOTICES_LEAD,
        Permission.REPORTS_LEAD,
        Permission.ORDERS_READ,
        Permission.ORDERS_KEEP,
        Permission.STATISTICS_READ,
        Permission.OVERSIGHT,
        Permission.WORK_READ,
        Permission.WORK_MANAGE,
        Permission.ITEMS_SEARCH,
        Permission.ITEMS_DELETE,
        Permission.LISTS_READ,
        Permission.LISTS_APPROVE,
        Permission.POLICY_READ,
        Permission.POLICY_PROPOSE,
        Permission.POLICY_APPROVE,
        Permission.EVIDENCE_HOLD,
        Permission.EVIDENCE_DESTROY,
        Permission.LEDGER_READ,
        Permission.PEOPLE_READ,
    },
    Role.CURATOR: _ANYONE
    | {
        Permission.STATISTICS_READ,
        Permission.LISTS_READ,
        Permission.LISTS_ENTRIES,
        Permission.LISTS_CHANGE,
        Permission.LISTS_APPROVE,
        Permission.POLICY_READ,
        Permission.POLICY_PROPOSE,
        Permission.POLICY_APPROVE,
    },
    Role.AUDITOR: _ANYONE
    | {
        Permission.ORDERS_READ,
        Permission.STATISTICS_READ,
        Permission.WORK_READ,
        Permission.LISTS_READ,
        Permission.POLICY_READ,
        Permission.LEDGER_READ,
        Permission.LEDGER_EXPORT,
        Permission.PEOPLE_READ,
        Permission.KEYS_READ,
    },
    Role.ADMINISTRATOR: _ANYONE
    | {
        Permission.LISTS_READ,
        Permission.POLICY_READ,
        Permission.WEBHOOKS_MANAGE,
        Permission.METRICS,
        Permission.HEALTH,
        Permission.WORK_READ,
        Permission.PEOPLE_READ,
        Permission.PEOPLE_MANAGE,
        Permission.KEYS_READ,
        Permission.KEYS_MANAGE,
    },
}

BY_SCOPE: Mapping[Scope, frozenset[Permission]] = {
    Scope.CHECK: frozenset({Permission.CHECK}),
    Scope.SIGNALS: frozenset({Permission.CHECK_SIGNALS}),
    Scope.ANALYST: frozenset({Permission.CHECK_DETAILS, Permission.CASES_READ}),
    Scope.ITEMS: frozenset({Permission.ITEMS_READ, Permission.ITEMS_CONTENT, Permission.ITEMS_DELETE}),
    Scope.LISTS: frozenset({Permission.LISTS_READ, Permission.LISTS_CHANGE}),
    Scope.DECISIONS: frozenset({Permission.DECISIONS_READ, Permission.REMOVALS_CONFIRM}),
    Scope.WEBHOOKS: frozenset({Permission.WEBHOOKS_MANAGE}),
    Scope.CASES: frozenset({Permission.CASES_OPEN}),
    Scope.REPORTS: frozenset({Permission.REPORTS_SUPPLY}),
    Scope.METRICS: frozenset({Permission.METRICS}),
    Scope.GENERATOR: frozenset({Permission.GATE, Permission.STAMP}),
}

APPROVED_WITH: Mapping[str, Permission] = {
    "list.changes": Permission.LISTS_APPROVE,
    "list.mode": Permission.LISTS_APPROVE,
    "policy": Permission.POLICY_APPROVE,
    "report": Permission.REPORTS_APPROVE,
    "report.production": Permission.REPORTS_LEAD,
    "referral": Permission.REPORTS_APPROVE,
    "evidence.destroy": Permission.EVIDENCE_DESTROY,
}
"""Which permission a person needs to second an approval of each kind."""

SEES_EVIDENCE = frozenset({Role.REVIEWER, Role.LEAD, Role.CURATOR})
"""Roles that work with evidence or entries; nobody gives them to themselves, nor an administrator to one."""


def of_roles(roles: Iterable[Role]) -> frozenset[Permission]:
    """All that these roles together allow."""
    return frozenset().union(*(BY_ROLE[role] for role in roles))


def of_scopes(scopes: Iterable[Scope]) -> frozenset[Permission]:
    """All that these scopes together allow."""
    return frozenset().union(*(BY_SCOPE[scope] for scope in scopes))
