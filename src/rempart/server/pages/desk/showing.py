"""What stands on the page of a case: facts, gathered in a few questions to the database."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request

from rempart.cases.assessing import near as beside
from rempart.cases.assessing.schemes import Schemes, in_use
from rempart.cases.assessing.values import MAIN, Decision, ImageKind, OriginBasis, Standing
from rempart.cases.assessing.viewing import is_blind, standing, told_before
from rempart.cases.records import showing as records
from rempart.cases.records import work as work_records
from rempart.cases.records.cases import Case
from rempart.cases.records.showing import ItemRow
from rempart.cases.work import settings as work_settings
from rempart.cases.work.accounts import FACT_KINDS
from rempart.cases.work.lease import lease_of
from rempart.cases.work.queue import visible
from rempart.cases.work.settings import WorkRules
from rempart.cases.work.timeline import Event, timeline
from rempart.errors import SchemeUnknownError
from rempart.intake.notices.reading import seen_of_case
from rempart.lists import entry_records
from rempart.lists.schemes import built_in
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records import persons
from rempart.reports.cybertip.drafting.reading import of_case
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.values import Environment, ReportState
from rempart.reports.orders import reading as orders
from rempart.reports.referrals.reading import of_case as referrals_of
from rempart.server.pages.desk import drafts
from rempart.server.pages.desk.colleagues import colleagues
from rempart.server.pages.desk.contexts import AnswerForm, CasePage, Happening, Holder, NearRow
from rempart.server.pages.desk.drafts import Draft
from rempart.server.pages.desk.happenings import told
from rempart.server.pages.desk.undoing import of_standing, undoable
from rempart.server.pages.doors import Pages
from rempart.server.pages.origins.showing import line_of
from rempart.server.pages.sight.panel import Panel, panel_in
from rempart.server.service import Service

MOST_MATCHES = 5
MOST_ITEMS = 5
MOST_UPLOADERS = 5
MOST_NEAR = 5
MOST_HAPPENINGS = 6
MOST_FACTS = 60
_MOST_LISTS = 100


def case_page(request: Request, pages: Pages, who: Principal, case_id: str, *, typed: Draft | None = None) -> CasePage:
    """The page of a case for one person; `typed` is a form that came back. Raises NotFoundError. Blocks."""
    service: Service = request.app.state.service
    at, asked = service.clock(), request.query_params
    with service.store.read() as conn:
        case = visible(conn, case_id, who)
        _, rules = work_settings.current(conn)
        stands = standing(conn, case_id, who, at=at, alone_after=pages.alone_after)
        everyone = persons.everyone(conn)
        holder = _holder(case, who, stands, {one.id: one.pseudonym for one in everyone}, at=at)
        after = {name: _whole(asked.get(name, "")) for name in ("matches", "near", "earlier")}
        matches, matches_in_all = records.alike(conn, case_id, most=MOST_MATCHES, after=after["matches"])
        items_in_all = records.count_items(conn, case_id)
        facts = work_records.facts_of(conn, case_id) if case.uploader is not None else ()
        happenings, earlier = _happenings(conn, case_id, who, later=after["earlier"])
        near = _near(conn, case, who)
        draft = typed or drafts.kept(conn, pages.entry.box, case_id, who.id) or drafts.EMPTY
        uploaders = records.uploaders_of(conn, case_id, most=MOST_UPLOADERS)
        whose = [(one.service, one.uploader) for one in uploaders]
        if case.service is not None and case.uploader is not None:
            whose = [(case.service, case.uploader)]
        schemes = known_schemes(service, rules, {one.scheme for one in matches if one.scheme})
        return CasePage(
            case=case, queue_title=rules.queue(case.queue).title or case.queue,
            overdue=case.due is not None and case.due <= at and case.state == "open",
            holder=holder, standing=stands, form=_form(conn, service, case, rules, stands, holder, draft),
            matches=matches, matches_in_all=matches_in_all, matches_before=after["matches"], schemes=schemes,
            items=before_blind(conn, case, who, records.items_of(conn, case_id, after=0, most=MOST_ITEMS)),
            items_in_all=items_in_all, uploaders=records.histories(conn, whose, but=case_id),
            facts=facts[-MOST_FACTS:], fact_kinds=FACT_KINDS,
            near=near[after["near"] :][:MOST_NEAR], near_in_all=len(near), near_before=after["near"],
            near_open=case.state == "open" and case.uploader is None,
            happenings=happenings, earlier=earlier, later=after["earlier"],
            colleagues=colleagues(everyone, who), may_lead=who.may(Permission.CASES_LEAD),
            assigned_to=next((one.pseudonym for one in everyone if one.id == case.assigned_to), ""),
            undo=of_standing(stands, at=at) or undoable(conn, service, who, asked.get("after", "")),
            sight=_sight(conn, service, who, case, asked.get("look", "")), opened=at,
            notices=tuple((one.id, one.number) for one in seen_of_case(conn, case_id, who)),
            orders=tuple((one.id, one.kind) for one in orders.of_case(conn, case_id, who)),
            reports=_reports(conn, case_id, who),
            referrals=tuple((one.id, one.state.value) for one in referrals_of(conn, case_id, who)),
            origin=line_of(conn, case_id) if items_in_all else None,
            may_refer=who.may(Permission.REPORTS_PREPARE) and not stands.blind
            and (case.state == "decided" or case.danger),
        )  # fmt: skip


def _reports(conn: Connection, case_id: str, who: Principal) -> tuple[tuple[str, str, str], ...]:
    """The reports of a case for those who may know of them: how each stands, and where it was filed if not for real."""
    if not who.may(Permission.REPORTS_READ):
        return ()
    return tuple(
        (one.id, one.state.value, one.environment.value if _only_tried(one) else "")
        for one in of_case(conn, case_id, who)
    )


def _only_tried(one: ReportRow) -> bool:
    return one.state is ReportState.FILED and one.environment is not Environment.PRODUCTION


def _sight(conn: Connection, service: Service, who: Principal, case: Case, look: str) -> Panel | None:
    """The pictures of a case that has any."""
    return None if case.uploader is not None else panel_in(conn, service, who, case, look=look[:40])


def known_schemes(service: Service, rules: WorkRules, more: Collection[str] = ()) -> Schemes:
    """The schemes that the team uses, and those of matches; one whose file is gone is left out."""
    found: dict[str, Any] = {}
    for name in dict.fromkeys((*rules.schemes, *sorted(set(more) & set(built_in())))):
        try:
            found |= in_use([name], folder=schemes_folder(service))
        except SchemeUnknownError:
            continue
    return found


def schemes_folder(service: Service) -> Path:
    """Where the operator's own schemes lie."""
    return Path(service.settings.data) / "schemes"


def before_blind(conn: Connection, case: Case, who: Principal, rows: tuple[ItemRow, ...]) -> tuple[ItemRow, ...]:
    """Items as they may be shown: whoever has still to answer by themselves sees no verdict of this round."""
    if not is_blind(conn, case, who):
        return rows
    before = told_before(conn, case)
    return tuple(replace(row, verdict=before[row.id].value) if row.id in before else row for row in rows)


def _holder(case: Case, who: Principal, stands: Standing, names: Mapping[str, str], *, at: datetime) -> Holder:
    lease = lease_of(case, at)
    if lease is not None and lease.person == who.id:
        left = max(0, int((lease.until - at).total_seconds()))
        return Holder(state="mine", until=lease.until, left=left, token=case.claim_token or "")
    if lease is not None:
        return Holder(state="other", by=names.get(lease.person, ""), until=lease.until)
    if stands.may_answer:
        own = case.claimed_by == who.id and case.claim_token is not None
        return Holder(state="free", token=case.claim_token or "" if own else "")
    return Holder(state="none", why=stands.why_not)


def _form(
    conn: Connection,
    service: Service,
    case: Case,
    rules: WorkRules,
    stands: Standing,
    holder: Holder,
    draft: Draft,
) -> AnswerForm | None:
    """The form, for whoever has the case; and for whoever had it and typed something, who must not lose it."""
    if not stands.may_answer or not (holder.state == "mine" or drafts.written(draft)):
        return None
    hidden = rules.queue(case.queue).hidden_decisions
    of_account = case.uploader is not None
    mains = (Decision.NO_VIOLATION,) if of_account else (Decision.REMOVE, Decision.RESTRICT, Decision.NO_VIOLATION)
    more = [Decision.REPORT, Decision.REFER, Decision.BLOCK_ACCOUNT]
    more += [] if of_account else [Decision.ADD_TO_LIST]
    lists = entry_records.all_lists(conn, limit=_MOST_LISTS)
    uploaders = () if of_account else records.first_of_uploaders(conn, case.id, most=MOST_UPLOADERS)
    return AnswerForm(
        draft=draft, schemes=tuple(known_schemes(service, rules).values()), first=_first(conn, case, rules),
        kinds=() if of_account else tuple(ImageKind), origins=() if of_account else tuple(OriginBasis),
        mains=tuple(one for one in mains if one not in hidden), more=tuple(one for one in more if one not in hidden),
        two=frozenset(map(Decision, rules.two_person)) - set(MAIN), lists=tuple((one.id, one.name) for one in lists),
        accounts=uploaders,
    )  # fmt: skip


def _first(conn: Connection, case: Case, rules: WorkRules) -> str:
    """The scheme that is open at first: that of the nearest match where the team uses it."""
    alike, _ = records.alike(conn, case.id, most=1)
    scheme = alike[0].scheme if alike else None
    return scheme if scheme in rules.schemes and scheme is not None else rules.schemes[0]


def _near(conn: Connection, case: Case, who: Principal) -> tuple[NearRow, ...]:
    """What looks alike, first that which one has still to answer."""
    found = tuple(
        NearRow(
            item=one.item, service=one.service, item_id=one.item_id, distance=one.distance, probe=one.probe,
            state=one.state if one.own is None else "confirmed" if one.own else "rejected", verdict=one.verdict.value,
            case_id=one.case_id or "", same=one.same, different=one.different,
        )
        for one in beside.of_case(conn, case.id, who)
    )  # fmt: skip
    return tuple(sorted(found, key=lambda one: one.state != "proposed"))


def _happenings(conn: Connection, case_id: str, who: Principal, *, later: int) -> tuple[tuple[Happening, ...], int]:
    """The last events, or those before the last so many; and how many there are before them."""
    found: tuple[Event, ...] = timeline(conn, case_id, who)
    found = found[: max(0, len(found) - later)]
    return tuple(map(told, found[-MOST_HAPPENINGS:])), max(0, len(found) - MOST_HAPPENINGS)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def hold_until(hours: str, *, at: datetime) -> datetime:
    """When a hold of so many hours ends; a day where nothing sensible was said."""
    return at + timedelta(hours=int(hours) if hours.isascii() and hours.isdigit() and len(hours) < 5 else 24)
