"""Notices and statements of reasons on the console from all sides: both languages, wide, narrow, dark and empty."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from consolebrowser import MOST_WEIGHT, NARROW, WIDE, seen, weight, window
from deployment import Deployment, deployment
from noticeconsole import every_notice, every_statement, team
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
    told, stated = every_notice(house), every_statement(house)
    here = {name: f"/notices/{one.notice}" for name, one in vars(told).items()}
    return here | {
        "queue": "/notices", "queue-all": "/notices?state=all", "preview": f"{here['adult']}/letters/kept",
        "child-letter": f"{here['child']}/letters/removed", "reasons": "/reasons",
        **{f"reason-{name}": f"/reasons/{one}" for name, one in vars(stated).items()},
    }  # fmt: skip


def cookie(house: Deployment, lang: str) -> dict[str, str]:
    return house.cookie("zoe" + lang, *ALL, language=lang)


LOOKS = {
    "wide": ("en", {"viewport": WIDE}, None),
    "narrow": ("fr", {"viewport": NARROW}, {"queue", "decided", "complaint", "child-letter", "reasons", "reason-kept"}),
    "dark": ("fr", {"viewport": WIDE, "color_scheme": "dark"}, {"queue", "adult", "preview", "reason-kept"}),
}
"""The language of each look, how the browser is set, and which pages: every one, or those with something of all."""


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_and_every_page_is_light(
    browser: Browser, house: Deployment, places: dict[str, str], look: str
) -> None:
    lang, options, names = LOOKS[look]
    with window(browser, house.address, cookie=cookie(house, lang), bypass_csp=True, **options) as found:
        for name, path in places.items():
            if names is not None and name not in names:
                continue
            found.weights.clear()
            found.page.goto(house.address + path)
            assert found.page.locator("html").get_attribute("lang") == lang
            assert found.page.locator("main img, main picture, main video").count() == 0
            seen(found, f"notices-{name}.{lang}.{look}")
            assert weight(found) <= MOST_WEIGHT, f"{name}: {weight(found)}"


def test_no_page_breaks_its_own_policy_of_content(browser: Browser, house: Deployment, places: dict[str, str]) -> None:
    with window(browser, house.address, cookie=cookie(house, "en")) as found:
        for path in (places[name] for name in ("queue", "adult", "preview", "reasons", "reason-kept")):
            assert found.page.goto(house.address + path).status == 200  # type: ignore[union-attr]
            assert found.page.locator("h1").count() == 1


def test_a_notice_is_worked_by_keyboard_and_without_scripts(
    browser: Browser, house: Deployment, places: dict[str, str]
) -> None:
    with window(browser, house.address, cookie=cookie(house, "en"), java_script_enabled=False) as found:
        page = found.page
        page.goto(house.address + "/notices?state=all")
        page.locator(f'a[href="{places["adult"]}"]').press("Enter")
        page.get_by_role("link", name="Acknowledgement", exact=True).first.press("Enter")
        assert "Your case" in page.locator("article").inner_text()
        page.go_back()
        page.locator("#purpose").fill("The court asks.")
        page.locator("#purpose").press("Enter")
        assert "Ada Byron" in page.locator("main").inner_text()
        page.goto(house.address + places["reason-waiting"])
        page.get_by_label("police").press("Space")
        page.fill("#days", "3")
        page.fill("#why", "reference 18")
        page.locator("#why").press("Enter")
        assert page.locator("[role=status]").count() == 1
        page.get_by_label("Why does it end?").fill("no more")
        page.get_by_label("Why does it end?").press("Enter")
        assert page.locator("[role=status]").count() == 1


EMPTY = {
    "/notices": ("Notices will appear here.", "Les signalements apparaîtront ici."),
    "/reasons": ("Statements of reasons will appear here.", "Les exposés des motifs apparaîtront ici."),
}
"""What a page says in which nothing stands yet, in English and in French."""


def test_empty_pages_say_what_will_appear_there(browser: Browser, tmp_path_factory: Any) -> None:
    with deployment(tmp_path_factory.mktemp("empty")) as empty:
        for number, lang in enumerate(("en", "fr")):
            with window(browser, empty.address, cookie=cookie(empty, lang), bypass_csp=True) as found:
                for path, words in EMPTY.items():
                    found.page.goto(empty.address + path)
                    assert words[number] in found.page.locator("main").inner_text(), f"{path}, {lang}"
                    seen(found, f"notices-empty{path.replace('/', '-')}.{lang}")
