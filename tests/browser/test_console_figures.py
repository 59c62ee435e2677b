"""Statistics, second looks and oversight in Chromium: both languages, light and dark, wide and narrow."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text

from consolebrowser import NARROW, WIDE, seen, window
from deployment import Deployment, deployment
from figuring import counted, put_flags, put_look, put_year
from rempart.people.permissions import Role


@pytest.fixture(scope="module")
def house(tmp_path_factory: Any) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("figures")) as found:
        case_id = found.case(1)
        with found.store.write() as conn:
            put_year(conn, until=found.clock())
            put_flags(conn, "person_rui", at=found.clock(), case_id=case_id)
            conn.execute(text("UPDATE cases SET state='decided', decision='remove', decided=opened, cluster=NULL "
                              "WHERE id=:c"), {"c": case_id})  # fmt: skip
            put_look(conn, case_id, at=found.clock())
        counted(found.store, anew=True)
        yield found


@pytest.mark.parametrize(
    ("lang", "look", "size"), [("en", "light", WIDE), ("fr", "dark", WIDE), ("fr", "light", NARROW)],
)  # fmt: skip
def test_pages_of_figures_break_no_rule(browser: Browser, house: Deployment, lang: str, look: str, size: Any) -> None:
    name = f"{lang}-{look}-{size['width']}"
    cookie = house.cookie(f"lea-{name}", Role.LEAD, language=lang)
    with window(browser, house.address, cookie=cookie, viewport=size, color_scheme=look) as found:
        for path in ("/statistics", "/quality", "/oversight", "/oversight/flag_00000000000000000000000001"):
            found.page.goto(house.address + path)
            seen(found, f"figures-{path.strip('/').replace('/', '-')[:24]}.{name}")


def test_a_second_look_is_answered_without_scripts(browser: Browser, house: Deployment) -> None:
    cookie = house.cookie("rui", Role.REVIEWER)
    with window(browser, house.address, cookie=cookie, java_script_enabled=False) as found:
        page = found.page
        page.goto(f"{house.address}/quality")
        page.get_by_role("button", name="Take the next one").click()
        expect(page.get_by_role("heading", name="What do you say?")).to_be_visible()
        page.get_by_label("No violation").check()
        page.get_by_role("button", name="Keep the answer").click()
        expect(page.get_by_text("kept apart from the case")).to_be_visible()
