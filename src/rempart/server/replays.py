"""What is repeated after a restore, as each room does it: what was taken away later does not come back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sqlalchemy import Connection

from rempart.cases.records import cases, forgetting, webhooks, work
from rempart.cases.records.recalling import Known
from rempart.cases.work import settings
from rempart.clock import Clock
from rempart.evidence.backup.replaying import Again, Step, destroyed_again
from rempart.evidence.vault import Vault
from rempart.evidence.vault import records as vault_records
from rempart.intake.generator.protection import withdrawn_again
from rempart.intake.notices import seeds, track
from rempart.intake.notices.upkeep import forget_again
from rempart.intake.notices.withdrawal import withdraw_again
from rempart.intake.upload_erasure import erase_again
from rempart.lists import records as lists
from rempart.people.permissions import Role
from rempart.people.records import keys, persons
from rempart.reports.cybertip import production
from rempart.reports.cybertip.drafting import upkeep as drafting
from rempart.reports.cybertip.filing.again import STEPS as FILED
from rempart.reports.cybertip.filing.again import filed_again
from rempart.reports.reasons.delays import STEPS as DELAYED
from rempart.reports.reasons.delays import delayed_again
from rempart.reports.referrals.upkeep import STEPS as REFERRED
from rempart.reports.referrals.upkeep import done_again as referred_again
from rempart.store.counters import next_number


def replays(vault: Vault, *, clock: Clock, known: Known | None = None) -> Mapping[str, Again]:
    """Steps by their action; `known` is what an old deployment that can still be read remembers.

    Evidence destroyed or held, entries withdrawn, seeds of notices pulled, notices taken back or moved to the
    children's track, photos protected no more, items deleted, what was forgotten of cases, cases from which people
    were kept (from everybody then, where nobody can tell any more who they were), the team's settings (leads alone
    see cases, where those are lost, until they put settings in force), keys revoked or replaced, webhooks deleted,
    disabled or enabled, statements of reasons delayed or withheld, referrals taken back, handed over or forgotten,
    filing for real switched off, persons deactivated or given other roles. A password, code, passkey or provider
    that was replaced or removed later, by a link too, does not open anything any more: its owner needs a new link.
    """
    return {
        "vault.destroyed": destroyed_again(vault),
        "vault.held": partial(_held, clock=clock),
        "vault.released": partial(_released, clock=clock),
        "entry.withdrawn": partial(_entries_withdrawn, clock=clock),
        "notice.withdrawn": partial(_notice_withdrawn, clock=clock),
        "notice.forgotten": partial(_notice_forgotten, clock=clock),
        "seed.pulled": partial(_seeds_pulled, clock=clock),
        "notice.track_switched": partial(_track_switched, clock=clock),
        "photo.withdrawn": partial(_photo_withdrawn, clock=clock),
        "item.deleted": partial(_item_deleted, clock=clock),
        "case.restricted": partial(_case_restricted, known=known),
        "case.forgotten": _case_forgotten,
        "work.changed": partial(_work_changed, clock=clock, known=known),
        "key.revoked": partial(_key_revoked, clock=clock),
        "key.created": partial(_key_replaced, clock=clock),
        "webhook.deleted": partial(_webhook_deleted, clock=clock),
        "webhook.disabled": partial(_webhook_state, clock=clock),
        "webhook.enabled": partial(_webhook_state, clock=clock),
        "person.deactivated": _person(lambda conn, person, _: persons.change(conn, person, deactivated=clock())),
        "person.reactivated": _person(lambda conn, person, _: persons.change(conn, person, deactivated=None)),
        "person.roles_changed": _person(_roles),
        "person.password_set": _person(lambda conn, person, _: persons.change(conn, person, password=None)),
        "person.code_set": _person(lambda conn, person, _: persons.change(conn, person, totp_secret=None)),
        "person.passkey_removed": _person(lambda conn, person, _: persons.remove_passkeys(conn, person)),
        "person.provider_unlinked": _person(_unlink),
        "session.started": _came_by_link,
        production.OFF: lambda conn, _: production.off_again(conn, at=clock()),
        **{action: partial(_filing, vault=vault) for action in FILED},
        "report.forgotten": lambda conn, step: drafting.forget(conn, _report(step), at=clock()),
        **{action: partial(_delayed, clock=clock) for action in DELAYED},
        **{action: partial(_referred, vault=vault, clock=clock) for action in REFERRED},
    }


def _entries_withdrawn(conn: Connection, step: Step, *, clock: Clock) -> bool:
    entries = step.facts.get("entries") or [step.facts.get("entry")]
    known = [one for one in entries if isinstance(one, int)]
    if not known:
        return False
    number = next_number(conn, lists.COUNTER)
    return lists.withdraw_entries(conn, known, number=number, at=clock()) > 0


def _seeds_pulled(conn: Connection, step: Step, *, clock: Clock) -> bool:
    known = [one for one in step.facts.get("entries", ()) if isinstance(one, int)]
    return bool(known) and seeds.pull_again(conn, known, at=clock())


def _track_switched(conn: Connection, step: Step, *, clock: Clock) -> bool:
    return track.switch_again(conn, (step.subject or "").removeprefix("notice:"), at=clock())


def _notice_withdrawn(conn: Connection, step: Step, *, clock: Clock) -> bool:
    return withdraw_again(conn, (step.subject or "").removeprefix("notice:"), at=clock())


def _notice_forgotten(conn: Connection, step: Step, *, clock: Clock) -> bool:
    return forget_again(conn, (step.subject or "").removeprefix("notice:"), at=clock())


def _delayed(conn: Connection, step: Step, *, clock: Clock) -> bool:
    return step.subject is not None and delayed_again(conn, step.action, step.subject, step.facts, at=clock())


def _filing(conn: Connection, step: Step, *, vault: Vault) -> bool:
    return filed_again(conn, step.action, _report(step), step.facts, vault=vault, at=vault.clock())


def _report(step: Step) -> str:
    return (step.subject or "").removeprefix("report:")


def _referred(conn: Connection, step: Step, *, vault: Vault, clock: Clock) -> bool:
    return step.subject is not None and referred_again(
        conn, step.action, step.subject, step.facts, vault=vault, at=clock()
    )  # fmt: skip


def _photo_withdrawn(conn: Connection, step: Step, *, clock: Clock) -> bool:
    return withdrawn_again(conn, str(step.facts.get("photo")), at=clock())


def _item_deleted(conn: Connection, step: Step, *, clock: Clock) -> bool:
    item = step.facts.get("item")
    return isinstance(item, int) and erase_again(conn, item, at=clock())


def _case_restricted(conn: Connection, step: Step, *, known: Known | None) -> bool:
    """Whom it was kept from is sealed in the leaf, and might be a lead: where nobody remembers, nobody sees it before
    an administrator has said so again."""
    case = cases.find(conn, (step.subject or "").removeprefix("case:"), lock=True)
    if case is None:
        return False
    told = known.barred.get(case.id) if known else None
    alone, people = told or (True, frozenset({work.EVERYBODY}))
    cases.change(
        conn, case.id, insider=alone, assigned_to=None, claimed_by=None, claim_token=None, claimed_until=None
    )  # fmt: skip
    work.bar(conn, case.id, people)
    return True


def _case_forgotten(conn: Connection, step: Step) -> bool:
    return any(forgetting.forget(conn, (step.subject or "").removeprefix("case:")).values())


def _work_changed(conn: Connection, step: Step, *, clock: Clock, known: Known | None) -> bool:
    version = step.facts.get("version")
    if not isinstance(version, int):
        return False
    text = known.settings.get(version) if known else None
    return settings.put_restored(conn, version=version, text=text, at=clock())


def _key_revoked(conn: Connection, step: Step, *, clock: Clock) -> bool:
    return keys.end_at(conn, str(step.facts.get("key")), revoked=clock())


def _key_replaced(conn: Connection, step: Step, *, clock: Clock) -> bool:
    """The key that took its place is not in the backup, and how long both were good nobody can tell from here."""
    old = step.facts.get("follows")
    return isinstance(old, str) and keys.end_at(conn, old, revoked=clock())


def _held(conn: Connection, step: Step, *, clock: Clock) -> bool:
    found = vault_records.find_object(conn, str(step.facts.get("object")), lock=True)
    hold = str(step.facts.get("hold"))
    if found is None or found.destroyed is not None or vault_records.find_hold(conn, hold) is not None:
        return False
    row = {"id": hold, "object": found.id, "reason": "placed before a restore", "authority": "", "placed": clock()}
    vault_records.add_hold(conn, row | {"placed_by": "restore"})
    return True


def _released(conn: Connection, step: Step, *, clock: Clock) -> bool:
    found = vault_records.find_hold(conn, str(step.facts.get("hold")))
    if found is None or found.released is not None:
        return False
    vault_records.end_hold(conn, found.id, at=clock(), by="restore")
    return True


def _webhook_state(conn: Connection, step: Step, *, clock: Clock) -> bool:
    found = webhooks.endpoint(conn, (step.subject or "").removeprefix("webhook:"), lock=True)
    if found is None:
        return False
    state = step.action.removeprefix("webhook.")
    why = None if state == "enabled" else "it was disabled before a restore"
    webhooks.change_endpoint(conn, found.id, state=state, why=why, changed=clock())
    return True


def _webhook_deleted(conn: Connection, step: Step, *, clock: Clock) -> bool:
    found = webhooks.endpoint(conn, (step.subject or "").removeprefix("webhook:"), lock=True)
    if found is None:
        return False
    webhooks.change_endpoint(conn, found.id, state="deleted", url="", changed=clock())
    webhooks.delete_secrets(conn, endpoint=found.id)
    return True


def _person(change: Callable[[Connection, str, Mapping[str, Any]], None]) -> Again:
    """A step about a person, whom only the leaf's subject names."""

    def again(conn: Connection, step: Step) -> bool:
        person = (step.subject or "").removeprefix("person:")
        if persons.by_id(conn, person) is None:
            return False
        change(conn, person, step.facts)
        return True

    return again


def _roles(conn: Connection, person: str, facts: Mapping[str, Any]) -> None:
    told = facts.get("roles", ())
    persons.set_roles(conn, person, [Role(one) for one in told if one in {role.value for role in Role}])


def _unlink(conn: Connection, person: str, _: Mapping[str, Any]) -> None:
    persons.change(conn, person, oidc_issuer=None, oidc_subject=None)


def _came_by_link(conn: Connection, step: Step) -> bool:
    """A link to set up credentials voided all that were there before, perhaps because somebody had stolen them."""
    return step.facts.get("stage") == "enrolling" and _person(_void)(conn, step)


def _void(conn: Connection, person: str, _: Mapping[str, Any]) -> None:
    persons.change(conn, person, password=None, totp_secret=None, oidc_issuer=None, oidc_subject=None)
    persons.remove_passkeys(conn, person)
