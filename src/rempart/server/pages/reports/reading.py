"""Gathering what stands on the pages of one report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.records import grants
from rempart.errors import ConflictError, NotFoundError, RefusedError
from rempart.evidence.vault import Keyring
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records import persons
from rempart.reports.cybertip import production, sealing, visibility
from rempart.reports.cybertip.document.problems import Problem
from rempart.reports.cybertip.document.records import CyberTip
from rempart.reports.cybertip.drafting.composing import Held
from rempart.reports.cybertip.drafting.exact import exact
from rempart.reports.cybertip.drafting.facts import Frozen
from rempart.reports.cybertip.drafting.holding import Draft, draft_of, frozen_of, tip_of
from rempart.reports.cybertip.drafting.kinds import kind_of
from rempart.reports.cybertip.drafting.linking import same_person
from rempart.reports.cybertip.drafting.meter import Meter, measured
from rempart.reports.cybertip.drafting.reading import report_of, shown
from rempart.reports.cybertip.drafting.seconding import alone_of
from rempart.reports.cybertip.filing.beginning import Found
from rempart.reports.cybertip.filing.sealing import opened_answer
from rempart.reports.cybertip.filing.values import Result, Step
from rempart.reports.cybertip.records import calls, filings, receipts, stops, subjects
from rempart.reports.cybertip.records import files as file_records
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.values import EDITABLE, Environment, ReportState
from rempart.server.drafting import house_of
from rempart.server.pages.reports.contexts import (
    FileLine,
    Look,
    PreviewPage,
    ReceiptPage,
    ReportPage,
    RunLine,
    SuppliedLine,
    WrongLine,
)
from rempart.server.pages.reports.forms import anchor
from rempart.server.pages.reports.listing import where_now
from rempart.server.pages.reports.preview import flat, sheets
from rempart.server.pages.reports.sections import step_of, steps, where_of
from rempart.server.pages.reports.wording import label_of
from rempart.server.service import Service
from rempart.server.switching import target_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What a report says: the facts that were frozen, and the document as it would be sent, is, or was. None of it
    where it was forgotten. `tip` has what people typed alone, `exact` what is sent."""

    frozen: Frozen | None = None
    draft: Draft | None = None
    tip: CyberTip | None = None
    exact: CyberTip | None = None


def papers_of(conn: Connection, service: Service, row: ReportRow, *, at: datetime) -> Papers:
    """Open what a report says. Raises TamperedError."""
    keyring = service.vault.keyring
    if row.frozen is None or row.sealed is None:
        return Papers()
    frozen = frozen_of(row, keyring=keyring)
    if row.state in EDITABLE:
        draft = draft_of(row, keyring=keyring)
        sent = draft.asked or exact(conn, row, draft, house=house_of(service.settings), at=at)
        return Papers(frozen=frozen, draft=draft, tip=draft.tip, exact=sent)
    tip = _settled(row, keyring=keyring)
    return Papers(frozen=frozen, tip=tip, exact=tip)


def report_page(
    service: Service, who: Principal, report_id: str, *, typed: Mapping[str, str] | None = None
) -> ReportPage:
    """One report, for one person. Raises NotFoundError also where it is kept from them. Blocks."""
    at = service.clock()
    with service.store.read() as conn:
        row = report_of(conn, report_id, who)
        papers = papers_of(conn, service, row, at=at)
        wrong = wrong_of(service, row, papers, at=at)
        review = visibility.review_of(conn, row.id)
        alone = alone_of(conn, row, who, keyring=service.vault.keyring) if papers.frozen else None
        filing = filings.find(conn, row.id)
        switch = production.switch(conn, target_of(service.settings))
        where = where_now(service, switch)
        return ReportPage(
            row=row, where=where, now=at, names=_names(conn, row), frozen=papers.frozen,
            steps=steps(papers.tip, wrong) if papers.tip and row.state in EDITABLE else (),
            wrong=tuple(map(_line, wrong)), meter=_meter(papers), where_of=where_of(papers.tip),
            unread=papers.draft.unread if papers.draft else (),
            hash_only=papers.draft.hash_only if papers.draft else False, supplied=_supplied(conn, service, row),
            files=files_of(conn, row, papers), same=shown(conn, same_person(conn, row), who), runs=_runs(conn, row),
            receipts=receipts.of_report(conn, row.id), stop=stops.find(conn, row.environment.value),
            review=review, alone=alone, digest=row.digest.hex() if row.digest else "",
            may=_may(row, who, active=filing is not None and filing.active, reviewed=review is not None,
                     alone=alone is not None and at >= alone.after, open_now=where.key != "production_off",
                     real=where.environment is Environment.PRODUCTION),
            founds=tuple(one.value for one in Found), typed=typed or {},
        )  # fmt: skip


def preview_page(service: Service, who: Principal, report_id: str) -> PreviewPage:
    """Exactly what will be sent, or was. Raises NotFoundError also where nothing of it is left. Blocks."""
    at = service.clock()
    with service.store.read() as conn:
        row = report_of(conn, report_id, who)
        papers = papers_of(conn, service, row, at=at)
        rows = file_records.of_report(conn, row.id)
        switch = production.switch(conn, target_of(service.settings))
    if papers.exact is None:
        raise NotFoundError("What this report said was forgotten.", hint="Its time to be kept is over.")
    known = {ReportState.DRAFT: "draft", ReportState.ASKED: "asked", ReportState.FILED: "filed"}
    standing = known.get(row.state, "settled")
    number = int(row.number) if row.number and row.number.isascii() and row.number.isdigit() else None
    remote = {one.id: one.remote for one in rows}
    return PreviewPage(
        row=row, where=where_now(service, switch), standing=standing, digest=row.digest.hex() if row.digest else "",
        sheets=sheets(papers.exact, number=number, remote=tuple(remote.get(one.ref) for one in papers.exact.files),
                      edition=house_of(service.settings).edition),
    )  # fmt: skip


def receipt_page(service: Service, who: Principal, report_id: str, run: str) -> ReceiptPage:
    """The receipt of a run, as it came. Raises NotFoundError. Blocks."""
    with service.store.read() as conn:
        row = report_of(conn, report_id, who)
        receipt = next((one for one in receipts.of_report(conn, row.id) if str(one.run) == run), None)
        if receipt is None:
            raise NotFoundError("There is no such receipt.", hint="Open the report; it lists those there are.")
        body = None
        for call in calls.of_run(conn, row.id, receipt.run):
            finished = call.step == Step.FINISH and call.result == Result.OK
            if body is None and (finished or call.result == Result.FINISHED):
                body = opened_answer(call, keyring=service.vault.keyring)
    if body is None:
        raise NotFoundError("What this report said was forgotten.", hint="Its time to be kept is over.")
    return ReceiptPage(row=row, receipt=receipt, text=body.decode("utf-8", "replace"))


def files_of(conn: Connection, row: ReportRow, papers: Papers) -> tuple[FileLine, ...]:
    """The files of a report, each with the looks at all of it."""
    rows = {one.id: one for one in file_records.of_report(conn, row.id)}
    held: Mapping[str, Held] = papers.draft.held if papers.draft else {}
    tip = papers.tip
    found = []
    for number, details in enumerate(tip.files if tip else (), 1):
        file, source = rows.get(details.ref), held.get(details.ref)
        object_id = file.object if file else source.object if source else None
        looks = grants.seen_whole(conn, row.case_id, object_id) if object_id else ()
        until = row.confirmed_at or row.asked_at
        size = source.size if source else file.size if file else None
        found.append(FileLine(
            number=number, name=details.original_name or "", size=size,
            looks=tuple(
                Look(by=one.by, at=one.at, metadata=one.step == "metadata")
                for one in looks
                if until is None or one.at <= until
            ),
            state=file.state.value if file else "", remote=(file.remote or "") if file else "",
            why=(file.why or "") if file else "",
        ))  # fmt: skip
    return tuple(found)


def wrong_of(service: Service, row: ReportRow, papers: Papers, *, at: datetime) -> tuple[Problem, ...]:
    """What keeps a draft from being asked."""
    if papers.exact is None or row.state is not ReportState.DRAFT:
        return ()
    return house_of(service.settings).problems(papers.exact, now=at)


def _meter(papers: Papers) -> Meter | None:
    if papers.frozen is None or papers.draft is None or papers.exact is None:
        return None
    return measured(papers.exact, kind=kind_of(papers.frozen, papers.exact))


def _supplied(conn: Connection, service: Service, row: ReportRow) -> tuple[SuppliedLine, ...]:
    found = []
    for one in subjects.of_report(conn, row.id):
        assert one.sealed is not None
        told = sealing.opened(one.sealed, name=sealing.SUPPLIED, of=one.id, keyring=service.vault.keyring)
        found.append(SuppliedLine(at=one.at, by=one.by, told=tuple(flat(told))))
    return tuple(found)


def _line(one: Problem) -> WrongLine:
    return WrongLine(
        step=step_of(one.field), anchor=anchor(one.field), label=label_of(one.field), said=one.error.message,
        what_next=one.error.hint,
    )  # fmt: skip


def _settled(row: ReportRow, *, keyring: Keyring) -> CyberTip | None:
    """What was confirmed; of what was withdrawn before, what people had typed."""
    try:
        return tip_of(row, keyring=keyring)
    except ConflictError:
        raise
    except RefusedError:
        return draft_of(row, keyring=keyring).tip if row.state is ReportState.WITHDRAWN else None


def _names(conn: Connection, row: ReportRow) -> Mapping[str, str]:
    return persons.pseudonyms(conn, {one for one in (row.asked_by, row.confirmed_by) if one})


def _runs(conn: Connection, row: ReportRow) -> tuple[RunLine, ...]:
    every = calls.of_report(conn, row.id)
    return tuple(
        RunLine(run=run, calls=tuple(one for one in every if one.run == run.run))
        for run in reversed(filings.runs_of(conn, row.id))
    )


def _may(
    row: ReportRow, who: Principal, *, active: bool, reviewed: bool, alone: bool, open_now: bool, real: bool
) -> frozenset[str]:
    """The steps that a person may take now; each is checked again when it is taken."""
    state = row.state
    prepare, approve = who.may(Permission.REPORTS_PREPARE), who.may(Permission.REPORTS_APPROVE)
    lead = who.may(Permission.REPORTS_LEAD)
    there = row.sealed is not None
    rehearsed = state is ReportState.FILED and row.environment is not Environment.PRODUCTION
    idle = there and open_now and not active
    unsure = active or state is ReportState.MANUAL
    steps_: Sequence[tuple[str, bool]] = (
        ("edit", prepare and there and state in EDITABLE),
        ("ask", prepare and there and state is ReportState.DRAFT),
        ("withdraw", prepare and state is ReportState.ASKED),
        ("decide", approve and state is ReportState.ASKED and who.id != row.asked_by),
        ("alone", approve and state is ReportState.ASKED and alone),
        ("reopen", prepare and there and state in (ReportState.REJECTED, ReportState.RETRACTED)),
        ("retry", approve and unsure),
        ("stop", lead and unsure),
        ("resolve", lead and state is ReportState.MANUAL),
        ("file", lead and idle and (state is ReportState.CONFIRMED or (rehearsed and real))),
        ("rehearse", lead and idle and rehearsed and not real),
        ("review", approve and row.single and row.confirmed_at is not None and not reviewed
         and who.id not in (row.asked_by, row.confirmed_by)),
    )  # fmt: skip
    return frozenset(name for name, holds in steps_ if holds)
