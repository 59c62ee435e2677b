"""The public page of figures from all sides: both languages, narrow and wide, dark, on paper, without scripts."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from consolebrowser import NARROW, WIDE, seen, weight, window
from deployment import Deployment, deployment
from rempart.server.ledgers import open_sequencer
from tallying import published, two_years


@pytest.fixture(scope="module")
def house(tmp_path_factory: Any) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("figures-looks")) as found:
        published(found)
        two_years(found.store, open_sequencer(found.runtime.service.settings, found.store))
        yield found


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("en.wide", {"viewport": WIDE}),
        ("fr.narrow", {"viewport": NARROW}),
        ("en.dark", {"viewport": WIDE, "color_scheme": "dark"}),
        ("fr.bare", {"viewport": NARROW, "java_script_enabled": False}),
    ],
)
def test_the_page_from_all_sides(house: Deployment, browser: Browser, name: str, options: dict[str, Any]) -> None:
    with window(browser, house.address, **options) as found:
        found.page.goto(f"{house.address}/transparency?lang={name[:2]}")
        assert found.page.locator("h1").count() == 1
        assert found.page.locator("svg").count() >= 5
        assert found.page.locator("script").count() == 0
        found.page.locator("summary").first.click()
        assert found.page.locator("details table").first.is_visible()
        if options.get("java_script_enabled", True):
            seen(found, f"transparency.{name}")
            assert weight(found) < 200_000
        assert found.context.cookies() == []


def test_the_page_on_paper_and_by_keyboard(house: Deployment, browser: Browser) -> None:
    with window(browser, house.address) as found:
        page = found.page
        page.goto(f"{house.address}/transparency")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.emulate_media(media="print")
        assert page.locator("details table").last.is_visible()
        seen(found, "transparency.print")
        page.emulate_media(media="screen")
        page.goto(f"{house.address}/transparency?lang=fr")
        page.locator("footer a[hreflang=en]").click()
        assert page.locator("h1").inner_text() == "Figures of A small forum"


def test_before_anything_was_counted(tmp_path: Any, browser: Browser) -> None:
    with deployment(tmp_path) as house:
        published(house, name="")
        with window(browser, house.address, viewport=NARROW) as found:
            found.page.goto(f"{house.address}/transparency")
            seen(found, "transparency.empty")
