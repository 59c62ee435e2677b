"""The first evening: `rempart init`, `rempart serve`, the link, a passkey, a colleague, a key that works at once."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
from playwright.sync_api import expect, sync_playwright

from consolebrowser import launched
from rempart.settings import read_settings
from serving import SRC, serving


def rempart(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "rempart", *map(str, arguments)],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "PYTHONPATH": str(SRC)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_from_init_to_the_first_key(tmp_path: Path) -> None:
    token = re.search(r"/sign-in/link/(\S+)", rempart("init", tmp_path / "data", "--admin-email", "root"))
    assert token
    with serving(read_settings(tmp_path / "data", environ={})) as server, sync_playwright() as playwright:
        site = f"http://localhost:{server.port}"
        browser = launched(playwright)
        page = browser.new_page()
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True,
        }  # fmt: skip
        session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        page.goto(f"{site}/sign-in/link/{token[1]}")
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("button", name="Add a passkey").click()
        expect(page.get_by_role("heading", name="Home")).to_be_visible()
        expect(page.get_by_text("One person alone")).to_be_visible()
        page.goto(f"{site}/people")
        page.fill("#name", "ben")
        page.get_by_role("checkbox", name="Reviewer").check()
        page.get_by_role("button", name="Make the link").click()
        assert page.locator("code.secret").inner_text().startswith(f"{site}/sign-in/link/")
        page.goto(f"{site}/keys")
        page.fill("#label", "forum")
        page.fill("#service", "forum")
        page.get_by_role("checkbox", name="signals").check()
        page.get_by_role("button", name="Make the key").click()
        secret = page.locator("code.secret").inner_text()
        answer = httpx.post(
            f"{site}/v1/check",
            json={"item_id": "1", "signals": {"md5": "d41d8cd98f00b204e9800998ecf8427e"}},
            headers={"authorization": f"Bearer {secret}"},
        )
        assert answer.json()["verdict"] == "allow", answer.text
        browser.close()
