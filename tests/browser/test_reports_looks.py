"""Reports on the console from all sides: both languages, wide, narrow, dark, printed and empty."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from consolebrowser import MOST_WEIGHT, NARROW, SHOTS, WIDE, seen, weight, window
from deployment import Deployment, deployment
from outboxes import every_report, one_full_draft, one_sent, team
from rempart.people.permissions import Role

ALL = (Role.LEAD, Role.REVIEWER)


@pytest.fixture(scope="module")
def house(tmp_path_factory: Any) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("looks")) as found:
        team(found)
        yield found


@pytest.fixture(scope="module")
def places(house: Deployment) -> dict[str, str]:
    """Addresses of pages by their names."""
    every, full, sent = every_report(house, 100), one_full_draft(house, 200), one_sent(house, 300)
    here = {state: f"/reports/{one}" for state, one in vars(every).items()}
    return {
        "outbox": "/reports", "trouble": "/reports?show=trouble", "environment": "/reports/environment",
        "draft": f"/reports/{full}", "asked": here["asked"], "manual": here["manual"], "rejected": here["rejected"],
        "sent": f"/reports/{sent}", "receipt": f"/reports/{sent}/receipts/2", "preview": f"/reports/{full}/preview",
        **{f"step-{name}": f"/reports/{full}/steps/{name}"
           for name in ("incident", "internet", "person", "victims", "recipients", "police", "file-1")},
        "step-victim-more": f"/reports/{full}/steps/victims?add=report.victims",
        "step-chat": f"/reports/{full}/steps/internet?add=report.internet&kind=chat", "home": "/",
    }  # fmt: skip


def cookie(house: Deployment, lang: str) -> dict[str, str]:
    return house.cookie("zoe" + lang, *ALL, language=lang)


SOME = {"outbox", "environment", "draft", "manual", "sent", "preview", "step-incident", "step-chat", "step-person",
        "step-file-1"}  # fmt: skip
LOOKS = {
    "wide": ("en", {"viewport": WIDE}, SOME),
    "narrow": ("fr", {"viewport": NARROW}, {"outbox", "draft", "preview", "step-person"}),
    "dark": ("fr", {"viewport": WIDE, "color_scheme": "dark"}, {"sent", "step-file-1"}),
}
"""The language of each look, how the browser is set, and which pages; where screenshots are kept, every one."""


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_and_every_page_is_light(
    browser: Browser, house: Deployment, places: dict[str, str], look: str
) -> None:
    lang, options, names = LOOKS[look]
    with window(browser, house.address, cookie=cookie(house, lang), bypass_csp=True, **options) as found:
        for name, path in places.items():
            if name not in names and not SHOTS:
                continue
            found.weights.clear()
            answer = found.page.goto(house.address + path)
            assert answer is not None
            assert answer.status == 200, name
            assert found.page.locator("html").get_attribute("lang") == lang
            seen(found, f"reports-{name}.{lang}.{look}")
            assert weight(found) <= MOST_WEIGHT, f"{name}: {weight(found)}"


def test_a_preview_prints_whole(browser: Browser, house: Deployment, places: dict[str, str]) -> None:
    with window(browser, house.address, cookie=cookie(house, "en")) as found:
        found.page.goto(house.address + places["preview"])
        found.page.emulate_media(media="print")
        assert found.page.locator("nav").first.is_hidden()
        assert found.page.locator("h1").is_visible()
        if SHOTS:
            found.page.screenshot(path=f"{SHOTS}/reports-preview.print.png", full_page=True)


def test_a_report_is_filled_in_and_asked_by_keyboard_and_without_scripts(browser: Browser, house: Deployment) -> None:
    report = one_full_draft(house, 400)
    with window(browser, house.address, cookie=cookie(house, "en"), java_script_enabled=False) as found:
        page = found.page
        page.goto(f"{house.address}/reports/{report}")
        page.get_by_role("link", name="Kind of incident", exact=True).press("Enter")
        assert page.url.endswith("#f-report-incident-type")
        page.get_by_label("Kind of incident").focus()
        page.keyboard.press("ArrowDown")
        page.get_by_label("More to know").fill("What was said.")
        page.get_by_role("button", name="Save", exact=True).press("Enter")
        assert page.locator("[role=status]").inner_text() == "Saved."
        page.goto(f"{house.address}/reports/{report}/steps/internet")
        page.get_by_label("Another kind").select_option("chat")
        page.get_by_role("button", name="Save, and add one").press("Enter")
        page.get_by_label("Program").fill("Chatter")
        page.get_by_role("button", name="Save, and next step").press("Enter")
        assert "/steps/person" in page.url
        page.goto(f"{house.address}/reports/{report}")
        page.get_by_role("link", name="Exactly what will be sent").press("Enter")
        page.get_by_text("The XML, letter by letter").first.press("Enter")
        assert "<chatClient>Chatter</chatClient>" in page.locator("pre").first.inner_text()
        page.go_back()
        page.get_by_role("button", name="Ask for it to be filed").press("Enter")
        assert "Another person finds it here" in page.locator("[role=status]").inner_text()


def test_no_page_breaks_its_own_policy_of_content(browser: Browser, house: Deployment, places: dict[str, str]) -> None:
    with window(browser, house.address, cookie=cookie(house, "en")) as found:
        for name in ("draft", "preview", "step-person", "receipt"):
            assert found.page.goto(house.address + places[name]).status == 200  # type: ignore[union-attr]
            assert found.page.locator("h1").count() == 1
