"""Chromium on the console: what breaks the pages' own rules is noted, and a page can be looked at from all sides."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright

CHROMIUM = os.environ.get("REMPART_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
SHOTS = os.environ.get("CONSOLE_SCREENSHOTS") or os.environ.get("REMPART_SCREENSHOTS")
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
MOST_WEIGHT = 60_000
_WATCH = """
window.__shift = 0;
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.__shift += one.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@dataclass
class Window:
    """A browser window. `noise` is what it complained about (its own rules broken, scripts failing, strangers asked);
    `weights` are the bytes of each file that is no picture."""

    context: BrowserContext
    page: Page
    noise: list[str] = field(default_factory=list)
    weights: dict[str, int] = field(default_factory=dict)


def launched(playwright: Playwright) -> Browser:
    """Chromium. Where it is not installed the test is skipped, but not with REQUIRE_CHROMIUM, as on CI."""
    if not CHROMIUM and not os.environ.get("REQUIRE_CHROMIUM"):
        pytest.skip("Chromium is needed: apt-get install chromium")
    assert CHROMIUM, "Chromium is needed: apt-get install chromium"
    return playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@contextmanager
def window(browser: Browser, address: str, *, cookie: dict[str, str] | None = None, **options: Any) -> Iterator[Window]:
    """A window in which somebody is signed in; a block that ends with noise in it fails."""
    context = browser.new_context(**{"viewport": WIDE} | options)
    if cookie is not None:
        context.add_cookies([cookie])
    if options.get("java_script_enabled", True):
        context.add_init_script(_WATCH)
    found = Window(context=context, page=context.new_page())
    context.on("page", lambda page: _listen(found, page, address))
    _listen(found, found.page, address)
    try:
        yield found
        assert found.noise == []
    finally:
        context.close()


def _listen(found: Window, page: Page, address: str) -> None:
    def asked(request: Any) -> None:
        if not request.url.startswith((address, "data:")):
            found.noise.append(f"asked {request.url}")

    def told(message: Any) -> None:
        if message.type == "error" and "status of 4" not in message.text:  # a refusal is a page like any other
            found.noise.append(message.text)

    def answered(response: Any) -> None:
        kind = response.headers.get("content-type", "")
        if response.ok and not kind.startswith("image/png") and not kind.startswith("image/jpeg"):
            try:
                found.weights[response.url] = len(response.body())
            except Error:  # the page was left meanwhile
                found.weights[response.url] = 0

    page.on("console", told)
    page.on("pageerror", lambda err: found.noise.append(str(err)))
    page.on("request", asked)
    page.on("response", answered)


def seen(found: Window, name: str) -> None:
    """axe finds nothing, nothing scrolls sideways or moves by itself; a screenshot is kept where one is asked for."""
    page = found.page
    report = Axe().run(page)
    assert report.violations_count == 0, f"{name}: {report.generate_report()}"
    width = page.evaluate("document.documentElement.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways"
    assert page.evaluate("window.__shift ?? 0") < 0.01, f"{name} moves by itself"
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def weight(found: Window) -> int:
    """The bytes of the page that is shown and of its style sheets and scripts."""
    return sum(found.weights.values())
