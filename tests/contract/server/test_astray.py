"""Whoever goes astray in a browser is shown a page with a way on; programs are told a problem."""

import logging
from os import urandom

import httpx
import pytest
from starlette.requests import Request
from starlette.routing import Route

from inprocess import served
from rempart.clock import utc_now
from rempart.people import persons, sessions
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE
from rempart.server.access import Open, declared
from rempart.server.app import create_app
from rempart.server.runtime import Runtime
from serving import make_data


@declared(Open())
async def broken(_request: Request) -> None:
    raise ValueError("a fault of ours")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    settings = make_data(tmp_path_factory.mktemp("astray") / "data")
    with Runtime(settings) as runtime:
        app = create_app(runtime.service, runtime.access)
        app.router.routes.append(Route("/broken", broken))
        with served(app) as address:
            yield address, runtime


def browser(house, *roles, language="en"):
    address, runtime = house
    access, at = runtime.access, utc_now()
    cookies = {}
    if roles:
        with access.store.write() as conn:
            name = "-".join([*roles, language])
            person = next((one for one in persons.everyone(conn) if one.name == name), None) or persons.add(
                conn, name=name, roles=roles, by=CONSOLE, at=at, random=urandom, language=language
            )
            started = sessions.start(conn, person, method="test", at=at, limits=access.limits, random=urandom)
        cookies = {access.cookie: started.token}
    headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
    return httpx.Client(base_url=address, headers=headers, cookies=cookies)


def test_an_unknown_address_is_a_page_with_the_way_on(house):
    with browser(house, Role.REVIEWER) as page:
        answer = page.get("/nowhere")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text
    assert '<a href="/approvals"' in answer.text
    with browser(house, Role.REVIEWER, language="fr") as page:
        assert "Il n’y a rien à cette adresse" in page.get("/nulle/part").text


def test_nobody_in_particular_is_shown_the_page_without_the_way_in(house):
    with browser(house) as page:
        answer = page.get("/nowhere")
    assert answer.status_code == 404
    assert "<nav" not in answer.text


def test_a_wrong_method_is_a_page_too(house):
    with browser(house, Role.REVIEWER) as page:
        answer = page.get("/sign-out")
    assert answer.status_code == 405
    assert "Go back" in answer.text


def test_programs_are_told_a_problem(house):
    address, _ = house
    for path, accept in (("/nowhere", "application/json"), ("/v1/nowhere", "text/html")):
        answer = httpx.get(address + path, headers={"accept": accept})
        assert answer.status_code == 404
        assert answer.json()["type"] == "urn:rempart:problem:not-found"


def test_a_fault_is_a_page_that_tells_nothing_of_it(house, caplog):
    with caplog.at_level(logging.ERROR, logger="rempart.server"), browser(house, Role.REVIEWER) as page:
        answer = page.get("/broken")
    assert answer.status_code == 500
    assert "A fault in Rempart itself" in answer.text
    assert "ValueError" not in answer.text
    assert "fault in GET broken" in caplog.text


def test_who_may_not_come_in_still_finds_the_way_on(house):
    with browser(house, Role.REVIEWER) as page:
        answer = page.get("/people")
    assert answer.status_code == 403
    assert '<a href="/approvals"' in answer.text


def test_few_entries_stand_in_one_row_and_many_are_grouped(house):
    with browser(house, Role.REVIEWER) as page:
        text = page.get("/account").text
    assert text.count("<nav") == 1
    assert '<a href="/account" aria-current="page">' in text
    with browser(house, *Role) as page:
        text = page.get("/people").text
    assert text.count("<nav") == 2
    assert text.index('aria-current="true"') < text.index('class="inner"') < text.index('aria-current="page"')
    assert text.count("<li><a") == 10 + 5


def test_keys_of_one_letter_can_be_turned_off_in_a_browser(house):
    with browser(house, Role.REVIEWER) as page:
        assert "keys.js" in page.get("/account").text
        page.post("/account/shortcuts", data={"shortcuts": "off"})
        assert "keys.js" not in page.get("/account").text
        page.post("/account/shortcuts", data={"shortcuts": "on"})
        assert "keys.js" in page.get("/account").text
