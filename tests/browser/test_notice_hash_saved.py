"""The page of `rempart notice-page export`, opened from a file with the network off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

import clips
import pictures
from consolebrowser import SHOTS
from noticehashing import hash_site, hashed, opened
from rempart.cli.noticepage import saved_page
from rempart.server.pages.texts import texts
from strangers import stranger

LOOKS = {
    "wide": {"viewport": {"width": 1100, "height": 900}},
    "dark": {"viewport": {"width": 1100, "height": 900}, "color_scheme": "dark"},
    "narrow": {"viewport": {"width": 320, "height": 740}},
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("saved")
    for lang in ("en", "fr"):
        (home / f"{lang}.html").write_bytes(saved_page(lang))
    return {lang: home / f"{lang}.html" for lang in ("en", "fr")}


@pytest.fixture
def page(browser: Browser, saved: dict[str, Path]) -> Iterator[Page]:
    context = browser.new_context(offline=True)
    found, noise = context.new_page(), []
    found.on("console", lambda said: noise.append(said.text))
    found.on("pageerror", lambda err: noise.append(str(err)))
    found.on("request", lambda request: noise.append(request.url))
    with found.expect_worker():
        found.goto(saved["en"].as_uri())
    yield found
    assert [one for one in noise if not one.startswith(("file:", "blob:"))] == []
    context.close()


def test_the_text_is_that_of_the_page_on_the_server(browser: Browser, page: Page) -> None:
    data, film = pictures.jpeg(11), clips.film([pictures.scene(seed, 160, 120) for seed in range(3)])
    with hash_site() as site:
        online = opened(browser, site)
        for one in (data, film):
            text, _ = hashed(page, one)
            assert text == hashed(online, one)[0]
            assert len(text.splitlines()) >= 3
        online.context.close()


def test_the_text_is_copied_by_a_button(page: Page) -> None:
    words = texts("en").words
    take = page.get_by_role("button", name=words["notice_hash.take"])
    expect(take).to_be_hidden()
    text, _ = hashed(page, pictures.jpeg(12))
    take.click()
    expect(page.locator("[role=status]")).to_have_text(words["notice_hash.taken"])
    page.get_by_role("button", name=words["notice_hash.remove"]).click()
    page.locator("#signals").focus()
    page.keyboard.press("Control+V")
    assert page.locator("#signals").input_value() == text


def test_the_page_and_its_worker_reach_nobody_even_with_the_network_on(
    browser: Browser, saved: dict[str, Path]
) -> None:
    page = browser.new_context().new_page()
    with page.expect_worker() as started:
        page.goto(saved["en"].as_uri())
    ask = "there => fetch(there, { method: 'POST', body: 'x', mode: 'no-cors' }).then(() => 'sent', () => 'stopped')"
    with stranger() as listening:
        assert page.evaluate(ask, listening.address) == "stopped"
        assert started.value.evaluate(ask, listening.address) == "stopped"
        page.evaluate(
            "there => { const one = document.createElement('form'); one.action = there; one.method = 'post';"
            " document.body.append(one); one.submit(); }",
            listening.address,
        )
        page.wait_for_timeout(300)
        assert listening.heard == []
    page.context.close()


@pytest.mark.parametrize(("lang", "look"), [("en", "wide"), ("fr", "narrow"), ("fr", "dark")])
def test_axe_finds_nothing(browser: Browser, saved: dict[str, Path], lang: str, look: str) -> None:
    page = browser.new_context(bypass_csp=True, **LOOKS[look]).new_page()
    page.goto(saved[lang].as_uri())
    hashed(page, pictures.jpeg(13))
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    width = page.evaluate("document.documentElement.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/notice-saved-{lang}-{look}.png", full_page=True)
    page.context.close()
