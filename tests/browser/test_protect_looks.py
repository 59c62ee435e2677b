"""The page that protects a photo, in Chromium: the browser makes the hash, and it is looked at from all sides."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from playwright.sync_api import Browser, expect

import pictures
from consolebrowser import seen, window
from deployment import Deployment, deployment
from noticewalk import opened
from rempart.lists.lookup import asked_of
from rempart.server.pages.notice import protecting as door
from rempart.settings import GateSettings
from rempart.signals.examine import Examination


@pytest.fixture(scope="module")
def house(tmp_path_factory: Any) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("protect-looks")) as found, patch.object(door, "_PER_MINUTE", 1_000):
        opened(found)
        object.__setattr__(found.runtime.service.settings, "gate", GateSettings(public_requests=True))
        yield found


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_photo_that_was_protected_in_the_browser_is_refused_at_the_gate(
    browser: Browser, house: Deployment, tmp_path: Path, lang: str
) -> None:
    number = 41 if lang == "en" else 42
    copy = tmp_path / "photo.jpg"
    copy.write_bytes(pictures.jpeg(number, 640, 480))
    slim = {"width": 320, "height": 640}
    with window(browser, house.address, viewport=slim) as found:
        page = found.page
        page.goto(f"{house.address}/notice/protect?lang={lang}")
        seen(found, f"protect-1.{lang}")
        page.set_input_files("#copy", copy)
        expect(page.locator("#signals")).to_have_value(re.compile("^recipe"))
        page.click("button[value=protect]")
        page.wait_for_selector("code.secret")
        seen(found, f"protect-2.{lang}")
        name = page.locator("code.secret").inner_text()
        assert _refused(house, number)
        page.fill("#photo", name)
        page.click("button[value=back]")
        page.wait_for_selector("p.once")
        seen(found, f"protect-3.{lang}")
        assert not _refused(house, number)


def _refused(house: Deployment, number: int) -> bool:
    """Whether an edited copy would be refused."""
    service = house.runtime.service
    service.protected.catch_up()
    found: Examination = service.checker.examined_now(pictures.jpeg(number, 320, 240, quality=70))
    return service.protected.holds(asked_of(found))
