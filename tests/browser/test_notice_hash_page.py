"""The hash step where people meet it: a real deployment's public page, from the first step to what the server keeps."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

import pictures
from consolebrowser import SHOTS
from deployment import Deployment, deployment
from noticehashing import hashed
from noticewalk import opened as open_notices
from rempart.signals.decode import decode
from rempart.signals.outcome import Limits
from rempart.signals.pdq import pdq

MOST_WEIGHT = 25_000


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("door")) as found:
        open_notices(found)
        yield found


def at_the_copy(page: Page, house: Deployment, lang: str) -> None:
    """Walk to the step."""
    page.goto(f"{house.address}/notice?lang={lang}")
    onward = page.locator("button[name=go][value=next]")
    page.locator("input[name=role][value=self]").check()
    onward.click()
    page.locator("input[name=minor][value=no]").check()
    onward.click()
    page.locator("[name=where]").fill("https://forum.example/p/1")
    with page.expect_worker():
        onward.click()


@pytest.mark.parametrize(("lang", "width", "scheme"), [("en", 1000, "light"), ("fr", 320, "dark")])
def test_a_copy_is_hashed_offline_reviewed_and_kept_as_it_was_shown(
    browser: Browser, house: Deployment, lang: str, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page, weights, broken = context.new_page(), {}, []
    page.on("response", lambda one: weights.update({one.url: len(gzip.compress(one.body(), 9))}) if one.ok else None)
    page.on("console", lambda said: broken.append(said.text) if "Security Policy" in said.text else None)
    at_the_copy(page, house, lang)
    data = pictures.jpeg(21 + width)
    context.set_offline(True)
    shown, _ = hashed(page, data)
    context.set_offline(False)
    own = pdq(decode(data, limits=Limits()).pixels)
    assert shown.splitlines()[2] == f"{bytes(own.hash).hex()} {own.quality}"
    look(page, f"notice-copy-{lang}-{width}")
    files = [url for url in weights if "/files/" in url]
    [worker] = {len(gzip.compress(context.request.get(one.url).body(), 9)) for one in page.workers}
    whole = sum(weights[url] for url in files) + weights[page.url] + worker
    assert whole <= MOST_WEIGHT, {url: weights[url] for url in files}
    for _ in range(3):
        page.locator("button[name=go][value=next]").click()
    kept = page.locator("textarea[name=notice]").input_value()
    assert all(line in kept for line in shown.splitlines())
    page.locator("form[action='/notice/send'] button.main").click()
    expect(page.locator(".secret").first).to_be_visible()
    with house.desk.store.read() as conn:
        rows = conn.execute(text("SELECT kind, value FROM notice_signals")).all()
    values = {bytes(value).hex() if not isinstance(value, str) else value for _, value in rows}
    assert {shown.splitlines()[1].split()[1], bytes(own.hash).hex()} <= values
    assert broken == []
    context.close()


def look(page: Page, name: str) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    width = page.evaluate("document.documentElement.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_a_text_from_elsewhere_may_be_pasted_and_a_wrong_one_is_told(browser: Browser, house: Deployment) -> None:
    page = browser.new_context().new_page()
    at_the_copy(page, house, "en")
    page.locator("#signals").fill("my picture")
    page.locator("button[name=go][value=next]").click()
    expect(page.locator("[role=alert]")).to_be_visible()
    expect(page.locator("#signals")).to_be_editable()
    page.locator("#signals").fill(f"recipe srgb8-full-v1\nsha256 {'ab' * 32}\n")
    page.locator("button[name=go][value=next]").click()
    expect(page.locator("[name=explanation]")).to_be_visible()
    page.locator("button[name=go][value=back]").click()
    assert re.fullmatch(r"recipe srgb8-full-v1\nsha256 (ab){32}\n?", page.locator("#signals").input_value())
    page.context.close()
