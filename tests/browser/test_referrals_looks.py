"""Referrals on the console from all sides: both languages, wide, narrow, dark; by keyboard and without scripts."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from consolebrowser import MOST_WEIGHT, NARROW, WIDE, seen, weight, window
from deployment import Deployment, deployment
from referralconsole import every_referral, with_recipients
from rempart.people.permissions import Role

ALL = (Role.LEAD, Role.REVIEWER)


@pytest.fixture(scope="module")
def house(tmp_path_factory: Any) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("looks")) as found:
        with_recipients(found)
        yield found


@pytest.fixture(scope="module")
def places(house: Deployment) -> dict[str, str]:
    """Addresses of pages by their names."""
    found = every_referral(house)
    here = {name: f"/referrals/{one}" for name, one in found.items() if name != "waiting"}
    return here | {"list": "/referrals", "new": f"/referrals/new?case={found['waiting']}"}


LOOKS = {
    "wide": ("en", {"viewport": WIDE}, {"list", "new", "danger", "single", "handed"}),
    "narrow": ("fr", {"viewport": NARROW}, {"list", "new", "draft", "handed"}),
    "dark": ("fr", {"viewport": WIDE, "color_scheme": "dark"}, {"list", "new", "confirmed"}),
}
"""The language of each look, how the browser is set, and which pages."""


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_and_every_page_is_light(
    browser: Browser, house: Deployment, places: dict[str, str], look: str
) -> None:
    lang, options, names = LOOKS[look]
    cookie = house.cookie("zoe" + lang, *ALL, language=lang)
    with window(browser, house.address, cookie=cookie, bypass_csp=True, **options) as found:
        for name, path in places.items():
            if name not in names:
                continue
            found.weights.clear()
            found.page.goto(house.address + path)
            assert found.page.locator("html").get_attribute("lang") == lang
            seen(found, f"referrals-{name}.{lang}.{look}")
            assert weight(found) <= MOST_WEIGHT, f"{name}: {weight(found)}"


def test_a_package_is_drafted_by_keyboard_and_without_scripts(
    browser: Browser, house: Deployment, places: dict[str, str]
) -> None:
    cookie = house.cookie("zoe", *ALL)
    with window(browser, house.address, cookie=cookie, java_script_enabled=False) as found:
        page = found.page
        page.goto(house.address + "/referrals")
        page.get_by_role("link", name="See where it goes, and draft a package").press("Enter")
        page.get_by_label("The line").press("Space")
        page.get_by_label("Ground").select_option("voluntary")
        page.get_by_role("button", name="Draft it").press("Enter")
        assert "Drafted. Nothing has left." in page.locator("main").inner_text()
        page.get_by_role("button", name="Confirm", exact=True).press("Enter")
        with page.expect_download() as download:
            page.get_by_role("button", name="Make the package").press("Enter")
        assert download.value.suggested_filename.endswith(".age")
