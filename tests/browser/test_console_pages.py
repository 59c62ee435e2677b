"""Every page of the application, as each role and in both languages: let in as declared, and for whoever may see all
of them in Chromium: axe finds nothing, no rule of the pages' own is broken, a screenshot is kept."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from consolebrowser import MOST_WEIGHT, Window, seen, weight, window
from deployment import Deployment, deployment
from hosting import Found
from rempart.lists.records import Mode, create_list
from rempart.people import approvals, keys
from rempart.people.permissions import BY_ROLE, Role, Scope, of_roles
from rempart.people.principal import CONSOLE
from rempart.server.access import DECLARED, Needs
from rempart.server.pages.doors import PageNeeds
from rempart.server.pages.routes import routes

GETS = sorted(route.path for route in routes() if "GET" in route.methods)
ELSEWHERE = {"/files/{name}", "/sign-in", "/sign-in/again", "/sign-in/provider", "/sign-in/provider/back", "/set-up",
             "/sign-in/link/{token}", "/cases/{case}/pictures/{grant}", "/notice", "/notice/{number}",
             "/notice/protect", "/transparency"}  # fmt: skip
"""Not for whoever is signed in, or no page: tests of their own look at these."""
FILES = re.compile(r"\.(svg|csv|png)$|/export$|/pictures/{")


@pytest.fixture(scope="module")
def house(tmp_path_factory: Any) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("pages")) as found:
        yield found


@pytest.fixture(scope="module")
def known(house: Deployment) -> dict[str, str]:
    """Something for each part of an address that differs; what is not here is asked for as `none`."""
    house.cookie("all", *Role)
    reviewer = house.principal("rita")
    found = {"case": house.case(1, sha256=b"1" * 32, matches=[Found()]), "item": "1"}
    with house.store.write() as conn:
        made = keys.create(
            conn, label="forum", service="forum", scopes=[Scope.CHECK], by=CONSOLE, at=house.clock(), random=_bytes
        )
        found |= {"key": made.key.id, "person": house.people["rita"].id}
        found["list"] = create_list(conn, name="Hotline", mode=Mode.BLOCKING, at=house.clock()).id
        found["approval"] = approvals.ask(
            conn, kind="policy", subject="policy:1", digest=b"d" * 32, by=reviewer, at=house.clock(), facts={"rules": 2}
        )
    return found


def _bytes(count: int) -> bytes:
    return b"k" * count


def filled(path: str, known: dict[str, str]) -> str:
    return re.sub(r"{(\w+)}", lambda part: known.get(part[1], "none"), path)


def declared(path: str) -> Needs:
    found = next(route for route in routes() if route.path == path and "GET" in route.methods)
    needs = getattr(found.endpoint, DECLARED)
    assert isinstance(needs, PageNeeds), path
    return needs


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("role", list(Role))
def test_every_page_lets_in_whom_it_declares(house: Deployment, known: dict[str, str], role: Role, lang: str) -> None:
    page = house.browser(f"{role}-{lang}", role, language=lang)
    wrong = []
    for path in GETS:
        if path in ELSEWHERE:
            continue
        answer = page.get(filled(path, known))
        may = declared(path).permission in BY_ROLE[role] | of_roles([])
        if answer.status_code >= 500 or (answer.status_code == 403) == may:
            wrong.append(f"{path}: {answer.status_code}")
        if not FILES.search(path) and "text/html" in answer.headers.get("content-type", ""):
            assert f'<html lang="{lang}"' in answer.text, path
    assert wrong == []


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_axe_finds_nothing_on_any_page_of_the_application(
    browser: Browser, house: Deployment, known: dict[str, str], lang: str
) -> None:
    house.cookie(f"everything-{lang}", *Role, language=lang)
    with window(browser, house.address, cookie=house.cookie(f"everything-{lang}")) as found:
        for path in GETS:
            if path not in ELSEWHERE and not FILES.search(path):
                look(found, house.address + filled(path, known), f"every{path.replace('/', '-')}.{lang}")
        look(found, f"{house.address}/nowhere", f"every-unknown.{lang}")


def look(found: Window, address: str, name: str) -> None:
    found.weights.clear()
    found.page.goto(address)
    assert found.page.locator("h1").count() == 1, name
    assert found.page.locator("nav").count() >= 1, name
    seen(found, re.sub(r"[{}]", "", name))
    assert weight(found) <= MOST_WEIGHT, f"{name}: {weight(found)}: {found.weights}"
