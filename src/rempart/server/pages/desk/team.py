"""How the team works, as a form: queues, where cases go, how long things take, what needs two people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.cases.work import emergency
from rempart.cases.work import settings as work_settings
from rempart.cases.work.settings import DECISIONS, WorkRules
from rempart.errors import RefusedError, RempartError, WorkSettingsError
from rempart.lists.schemes import built_in
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.pages.desk.contexts import WorkPage
from rempart.server.pages.desk.showing import schemes_folder
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.rendering import render
from rempart.server.service import Service

NUMBERS = ("claim_minutes", "undo_seconds", "second_within_minutes", "sample_percent", "reveal_seconds")
BUDGETS = ("reveals_per_day", "seconds_per_day", "break_after_minutes")
CONDITIONS = ("kind", "list", "scheme", "code", "service", "priority")
TWO = ("add_to_list", "report", "refer", "block_account")
_MOST_ROWS, _MOST_FIELDS = 40, 1_500
_BLANK = 2


@for_people(Permission.WORK_READ)
async def work_page(request: Request, pages: Pages, who: Principal) -> Response:
    """What is in force."""
    done = request.query_params.get("done", "")
    page = await run_in_threadpool(_page, request.app.state.service, who)
    return render(request, page, who=who, message="work.done" if done == "1" else "")


@for_people(Permission.WORK_MANAGE, proved=True)
async def change_work(request: Request, pages: Pages, who: Principal) -> Response:
    """Put other settings in force, if every one of them makes sense."""
    service: Service = request.app.state.service
    form = await form_of(request, most=_MOST_FIELDS)

    def put() -> None:
        with service.store.write() as conn:
            version = _whole(field(form, "version"))
            after = version if isinstance(version, int) else None
            work_settings.put(conn, document_of(form), by=who, at=service.clock(), after=after)

    try:
        await run_in_threadpool(put)
    except WorkSettingsError as err:
        page = await run_in_threadpool(_page, service, who, document_of(form), tuple(err.problems))
        told = RefusedError("Some of this cannot be kept.", hint="Each mistake is named below, with its place.")
        return again(request, page, told, who=who)
    except RempartError as err:
        return again(request, await run_in_threadpool(_page, service, who, document_of(form)), err, who=who)
    return RedirectResponse("/work?done=1", 303)


def document_of(form: FormData) -> dict[str, Any]:
    """The document that a form stands for; what is no number stays as it was typed, so that it is named as wrong."""
    found: dict[str, Any] = {name: _whole(field(form, name)) for name in NUMBERS if field(form, name)}
    found["budgets"] = {name: _whole(field(form, name)) for name in BUDGETS if field(form, name)}
    found["two_person"] = _several(form, "two_person")
    found["schemes"] = _several(form, "schemes")
    found["peer_contact"] = field(form, "peer_contact").replace("\r\n", "\n").strip()
    found["queues"] = [_queue(form, n) for n in range(_MOST_ROWS) if field(form, f"queue-{n}-name").strip()]
    found["routes"] = [one for n in range(_MOST_ROWS) if (one := _route(form, n))]
    contacts = [
        {part: field(form, f"contact-{n}-{part}").strip() for part in ("name", "reach", "when")}
        for n in range(_MOST_ROWS)
    ]
    found["emergency"] = {
        "countries": _several(form, "countries"), "contacts": [one for one in contacts if any(one.values())],
    }  # fmt: skip
    return found


def _queue(form: FormData, n: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": field(form, f"queue-{n}-name").strip(), "title": field(form, f"queue-{n}-title").strip(),
        "roles": _several(form, f"queue-{n}-roles"), "persons": _listed(field(form, f"queue-{n}-persons")),
        "hidden_decisions": _several(form, f"queue-{n}-hidden"),
    }  # fmt: skip
    minutes = field(form, f"queue-{n}-due").strip()
    return found | ({"due_minutes": _whole(minutes)} if minutes else {})


def _route(form: FormData, n: int) -> dict[str, Any]:
    when = {name: _listed(field(form, f"route-{n}-{name}")) for name in CONDITIONS}
    then: dict[str, Any] = {name: field(form, f"route-{n}-then-{name}").strip() for name in ("queue", "priority")}
    minutes = field(form, f"route-{n}-then-due").strip()
    then = {name: value for name, value in then.items() if value} | (
        {"due_minutes": _whole(minutes)} if minutes else {}
    )
    when = {name: value for name, value in when.items() if value}
    return {"when": when, "then": then} if when or then else {}


def _page(
    service: Service, who: Principal, typed: Mapping[str, Any] | None = None, problems: Sequence[str] = ()
) -> WorkPage:
    with service.store.read() as conn:
        version, rules = work_settings.current(conn)
    own = sorted(one.stem for one in schemes_folder(service).glob("*.json")) if schemes_folder(service).is_dir() else []
    filled = _filled(rules.document, rules) if typed is None else _filled(typed, None)
    return WorkPage(
        version=version, typed=filled,
        may_manage=who.may(Permission.WORK_MANAGE), decisions=DECISIONS, two=TWO,
        schemes=tuple(dict.fromkeys((*built_in(), *own))), countries=emergency.countries(), problems=tuple(problems),
        restored=rules.restored,
    )  # fmt: skip


def _filled(document: Mapping[str, Any], rules: WorkRules | None) -> Mapping[str, Any]:
    """What stands in the form: what was typed, or what is in force with what nobody has said yet, and blank rows."""
    found = dict(document)
    if rules is not None:
        found |= {name: getattr(rules, name) for name in NUMBERS}
        found |= {"budgets": {name: getattr(rules.budgets, name) for name in BUDGETS}}
        found |= {"two_person": sorted(rules.two_person), "schemes": list(rules.schemes)}
    blank: list[dict[str, Any]] = [{} for _ in range(_BLANK)]
    told = dict(found.get("emergency", {}))
    return {
        **dict.fromkeys(NUMBERS, ""), **found, "budgets": {**dict.fromkeys(BUDGETS, ""), **found["budgets"]},
        "queues": [*found.get("queues", []), *blank], "routes": [*found.get("routes", []), *blank],
        "countries": told.get("countries", []), "contacts": [*told.get("contacts", []), *blank],
        "peer_contact": found.get("peer_contact", ""),
    }  # fmt: skip


def _several(form: FormData, name: str) -> list[str]:
    return [one for one in form.getlist(name) if isinstance(one, str)]


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _whole(text: str) -> int | str:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else text
