"""The browser of this tier."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from consolebrowser import launched


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, a new one for each file: what one file does to it concerns no other."""
    with sync_playwright() as playwright:
        found = launched(playwright)
        yield found
        found.close()
