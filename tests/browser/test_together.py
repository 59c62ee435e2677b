"""Several cases and several people at once, from the queue and the page of people, in both languages."""

from typing import Any

import pytest
from playwright.sync_api import Browser

from consolebrowser import MOST_WEIGHT, NARROW, WIDE, seen, weight, window
from deployment import Deployment, deployment
from rempart.people.permissions import Role


@pytest.fixture(scope="module")
def house(tmp_path_factory: Any) -> Any:
    with deployment(tmp_path_factory.mktemp("together")) as found:
        for number in range(60):
            found.case(number + 1, queue="similar" if number % 3 else "exact")
        for number in range(4):
            found.person(f"rui-{number}")
        yield found


@pytest.mark.parametrize(("lang", "view"), [("en", WIDE), ("fr", NARROW)])
def test_several_rows_are_ticked_by_keyboard_and_what_became_of_each_is_read(
    browser: Browser, house: Deployment, lang: str, view: dict[str, int]
) -> None:
    cookie = house.cookie("everything-" + lang, Role.LEAD, Role.ADMINISTRATOR, language=lang)
    with window(browser, house.address, cookie=cookie, viewport=view, bypass_csp=True) as found:
        page = found.page
        page.goto(house.address + "/cases")
        seen(found, f"together-queue.{lang}")
        assert weight(found) <= MOST_WEIGHT
        for box in page.locator("input[name=case]").all()[:3]:
            box.press("Space")
        found.weights.clear()
        page.locator("button[value=release]").press("Enter")
        page.locator("#became").wait_for()
        assert page.locator("section[role=status] li").count() == 3
        seen(found, f"together-queue-told.{lang}")
        page.goto(house.address + "/people")
        page.locator("input[name=person]").first.press("Space")
        page.locator("input[name=person]").nth(1).press("Space")
        page.locator("button[value=sign_out]").press("Enter")
        page.locator("#became").wait_for()
        assert page.locator("section[role=status] li").count() == 2
        seen(found, f"together-people.{lang}")
