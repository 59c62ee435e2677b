"""Freezing: what is known of a case is read where its outcome takes effect, in that transaction.

The first time is when somebody's answer asks for a report: whatever is taken down because of it, its service may delete
at once. The second is when the report is decided; what was frozen the first time stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.assessing.plan import Plan
from rempart.cases.assessing.snapshot import of_picture
from rempart.cases.assessing.values import Decision, ImageKind
from rempart.cases.records import assessments, outcomes, work
from rempart.cases.records.assessments import AssessmentRow
from rempart.cases.records.cases import Case
from rempart.cases.records.tasks import TaskRow
from rempart.evidence.vault import Keyring
from rempart.items.records import signals
from rempart.items.records.items import Item
from rempart.reports.cybertip import sealing
from rempart.reports.cybertip.drafting.facts import Frozen, FrozenAccount, FrozenFact, FrozenItem
from rempart.reports.cybertip.records import known, subjects
from rempart.reports.cybertip.records.subjects import SnapshotRow
from rempart.signals.values import Md5, PdqHash, Sha1, Sha256
from rempart.store.ids import new_id

MOST_READ = 2_000
"""Items of one case that are looked at."""
_DIGESTS = (Sha256, Sha1, Md5)


def freeze_early(conn: Connection, plan: Plan, *, keyring: Keyring, at: datetime) -> None:
    """Keep what is known of a case that somebody wants reported, before anything of it is taken down."""
    if not any(Decision.REPORT.value in one.decisions for one in plan.answers):
        return
    round = plan.outcome.round
    if subjects.snapshot(conn, plan.case.id, round=round) is not None:
        return
    kept, snapshot_id = {"items": [one.document() for one in _items(conn, plan.case)]}, new_id("snapshot")
    sealed = sealing.seal(kept, name=sealing.SNAPSHOT, of=snapshot_id, keyring=keyring)
    subjects.put_snapshot(conn, SnapshotRow(id=snapshot_id, case_id=plan.case.id, round=round, at=at, sealed=sealed))


def frozen_of(conn: Connection, case: Case, task: TaskRow, *, keyring: Keyring, at: datetime) -> Frozen:
    """All that is known for the reports of a task; what was kept early stands before what is there now."""
    early = _early(conn, case, task.round, keyring=keyring)
    now = {one.number: one for one in _items(conn, case)}
    found = now | {number: _whole(one, now.get(number)) for number, one in early.items()}
    left = max(0, known.count_of_case(conn, case.id) - len(found))
    answers = assessments.of_case(conn, case.id, round=task.round)
    outcome = outcomes.find(conn, task.outcome)
    account = None
    if case.service is not None and case.uploader is not None:
        account = FrozenAccount(service=case.service, uploader=case.uploader)
    return Frozen(
        at=at, case_kind=case.kind, account=account,
        items=tuple(found.values()), more=left,
        facts=_facts(conn, case) if account is not None else (), categories=_categories(answers),
        image_kind=_image_kind(answers),
        origin=tuple(dict.fromkeys((one["basis"], one["note"]) for row in answers for one in row.origin)),
        danger=case.danger, single=outcome is not None and outcome.single,
    )  # fmt: skip


def forget_early(conn: Connection, case_id: str, round: int) -> None:
    """Let go of what was kept early, once reports hold it or nobody reports."""
    kept = subjects.snapshot(conn, case_id, round=round)
    if kept is not None:
        subjects.drop_snapshot(conn, kept.id)


def _early(conn: Connection, case: Case, round: int, *, keyring: Keyring) -> Mapping[int, FrozenItem]:
    kept = subjects.snapshot(conn, case.id, round=round)
    if kept is None:
        return {}
    told = sealing.opened(kept.sealed, name=sealing.SNAPSHOT, of=kept.id, keyring=keyring)
    return {one.number: one for one in map(FrozenItem.of, told["items"])}


def _whole(early: FrozenItem, now: FrozenItem | None) -> FrozenItem:
    """What was kept early; where the bytes lie may have become known since."""
    return early if now is None or early.object is not None else replace(early, object=now.object)


def _items(conn: Connection, case: Case) -> tuple[FrozenItem, ...]:
    """Of the same bytes the signals are read once: of an item that its service still hosts."""
    rows = known.items_of_case(conn, case.id, most=MOST_READ)
    told: dict[bytes | int, Mapping[str, str]] = {}
    for row in rows:
        key = row.sha256 or row.id
        if key not in told and row.gone is None:
            told[key] = _signals(conn, row)
    return tuple(_frozen(row, told.get(row.sha256 or row.id, {})) for row in rows)


def _signals(conn: Connection, item: Item) -> Mapping[str, str]:
    kept = signals.of(conn, item.id)
    told = {one.signal.kind.value: bytes(one.signal).hex() for one in kept if isinstance(one.signal, _DIGESTS)}
    for one in of_picture(kept):
        if isinstance(one.signal, PdqHash):
            told["pdq"] = bytes(one.signal).hex()
    return told


def _frozen(item: Item, signals: Mapping[str, str]) -> FrozenItem:
    told = dict(signals)
    if item.sha256 is not None:
        told["sha256"] = item.sha256.hex()
    return FrozenItem(
        number=item.id, service=item.service, item_id=item.item_id, uploader=item.uploader, url=item.url,
        published=item.published, context=item.context, media_type=item.media_type, size=item.size, object=item.object,
        asked=item.created, signals=told, origin=item.origin,
    )  # fmt: skip


def _facts(conn: Connection, case: Case) -> tuple[FrozenFact, ...]:
    return tuple(
        FrozenFact(kind=one.kind, at=one.at, text=one.text, url=one.url, uploader=one.uploader)
        for one in work.facts_of(conn, case.id)
    )


def _categories(answers: Sequence[AssessmentRow]) -> tuple[tuple[str, str], ...]:
    """What people chose, a lead's choice first."""
    order = sorted(answers, key=lambda one: one.blind)
    chosen = ((one.scheme, one.code) for one in order)
    return tuple(dict.fromkeys((scheme, code) for scheme, code in chosen if scheme is not None and code is not None))


def _image_kind(answers: Sequence[AssessmentRow]) -> str | None:
    """The one of those that were chosen which is taken most seriously."""
    chosen = {one.image_kind for one in answers}
    return next((one.value for one in ImageKind if one.value in chosen), None)
