"""The pages as a person without scripts meets them."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from os import urandom

import pytest

from pageserver import error_of, hidden, site
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE
from rempart.people.signin import one_time_link
from rempart.settings import PeopleSettings
from signing import PASSWORD, add_person, code, enrolled


@pytest.fixture
def running(sqlite_store):
    with site(sqlite_store) as found:
        yield found


def seed_of(page: str) -> str:
    return page.split('<code class="secret">')[1].split("<")[0].replace(" ", "")


def link_for(running, person, **more):
    entry = running.pages.entry
    with entry.store.write() as conn:
        return one_time_link(conn, person, by=CONSOLE, at=entry.clock(), random=urandom, **more)


def come_in(running, name, *roles, **more):
    """A browser in which a new person is signed in."""
    person = add_person(running.pages.entry, name, roles, **more)
    browser = running.browser()
    token = link_for(running, person, purpose="sign-in")
    assert browser.post(f"/sign-in/link/{token}").status_code == 303
    return browser


def test_from_the_link_to_the_home_page_and_back_in_with_password_and_code(running):
    entry = running.pages.entry
    person = add_person(entry, "ana", [Role.REVIEWER])
    token = link_for(running, person)
    browser = running.browser()
    for _ in range(2):  # opening the page, as programs that look at mail do, uses nothing up
        assert "Welcome, ana" in browser.get(f"/sign-in/link/{token}").text
    answer = browser.post(f"/sign-in/link/{token}")
    assert answer.headers["location"] == "/set-up"
    assert browser.get("/account").status_code == 403  # not before the setting up is done
    page = browser.get("/set-up").text
    seed = seed_of(page)
    form = {"password": PASSWORD, "again": PASSWORD, "ceremony": hidden(page, "ceremony")}
    wrong = browser.post("/set-up", data=form | {"code": "000000"})
    assert wrong.status_code == 422
    assert seed_of(wrong.text) == seed  # a mistake does not ask for another scan
    answer = browser.post("/set-up", data=form | {"code": code(seed, running.clock())})
    assert answer.headers["location"] == "/"
    assert "Waiting for a second person" in browser.get("/").text
    assert browser.post("/sign-out").headers["location"] == "/sign-in"
    assert browser.get("/").headers["location"] == "/sign-in"
    running.clock.forward(seconds=30)
    form = {"name": "ana", "password": PASSWORD, "code": code(seed, running.clock()), "then": "/account"}
    assert browser.post("/sign-in", data=form).headers["location"] == "/account"
    assert "Your account" in browser.get("/account").text
    gone = running.browser().get(f"/sign-in/link/{token}")
    assert gone.status_code == 410
    assert "Ask an administrator for a new one" in gone.text


def test_the_session_cookie_cannot_be_read_by_scripts_and_is_for_the_whole_host(running):
    person = add_person(running.pages.entry, "ana", [Role.REVIEWER])
    answer = running.browser().post(f"/sign-in/link/{link_for(running, person, purpose='sign-in')}")
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("rempart=")
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie


@pytest.mark.parametrize(
    "then", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb", "x", ""]
)
def test_signing_in_never_leads_to_another_site(running, then):
    seed, _ = enrolled(running.pages.entry, add_person(running.pages.entry, "ana", [Role.REVIEWER]))
    running.clock.forward(seconds=30)
    form = {"name": "ana", "password": PASSWORD, "code": code(seed, running.clock()), "then": then}
    assert running.browser().post("/sign-in", data=form).headers["location"] == "/"


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_wrong_sign_in_says_what_to_do_and_nothing_about_who_is_there(running, lang):
    enrolled(running.pages.entry, add_person(running.pages.entry, "ana", [Role.REVIEWER]))
    answers = set()
    for name in ("ana", "nobody"):
        form = {"name": name, "password": "wrong wrong wrong", "code": "123456"}
        answer = running.browser(**{"accept-language": lang}).post("/sign-in", data=form)
        assert answer.status_code == 422
        answers.add(answer.text.replace(f'value="{name}"', ""))
    assert len(answers) == 1
    assert {"en": "administrator", "fr": "administrateur"}[lang] in error_of(answers.pop())


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "", "origin": "https://evil.example"},
        {"sec-fetch-site": "", "origin": "null"},
        {"sec-fetch-site": ""},
    ],
)
def test_a_form_from_another_site_is_refused(running, headers):
    browser = come_in(running, "ana", Role.REVIEWER)
    answer = browser.post("/account/language", data={"language": "fr"}, headers=headers)
    assert answer.status_code == 403
    assert "send its form again" in answer.text
    assert 'lang="en"' in browser.get("/account").text


def test_a_form_from_a_browser_that_tells_only_its_origin_is_taken(running):
    browser = come_in(running, "ana", Role.REVIEWER)
    headers = {"sec-fetch-site": "", "origin": running.address}
    assert browser.post("/account/language", data={"language": "fr"}, headers=headers).status_code == 303
    assert 'lang="fr"' in browser.get("/account").text


def test_grave_things_need_a_fresh_proof(running):
    entry = running.pages.entry
    seed, _ = enrolled(entry, add_person(entry, "root", [Role.ADMINISTRATOR]))
    running.clock.forward(seconds=30)
    browser = running.browser()
    browser.post("/sign-in", data={"name": "root", "password": PASSWORD, "code": code(seed, running.clock())})
    assert "Make the key" in browser.get("/keys").text
    running.clock.forward(minutes=11)
    assert "Confirm who you are" in browser.get("/keys").text
    answer = browser.post("/keys", data={"label": "x", "service": "forum", "scope": "check"})
    assert answer.headers["location"].startswith("/sign-in/again?then=/keys")
    before = browser.cookies["rempart"]
    form = {"password": PASSWORD, "code": code(seed, running.clock()), "then": "/keys"}
    assert browser.post("/sign-in/again", data=form).headers["location"] == "/keys"
    assert browser.cookies["rempart"] != before  # rotated: the old token opens nothing any more
    assert "Make the key" in browser.get("/keys").text
    old = running.browser()
    old.cookies.set("rempart", before)
    assert old.get("/keys").status_code == 303


def test_a_key_is_shown_once_rotated_and_revoked(running):
    browser = come_in(running, "root", Role.ADMINISTRATOR)
    form = {"label": "forum, production", "service": "forum", "scope": ["check", "items"], "days": "30"}
    page = browser.post("/keys", data=form).text
    secret = seed_of(page)
    assert secret.startswith("rk_")
    assert secret not in browser.get("/keys").text
    known = running.pages.access.keys.looked_up(secret)
    assert {scope.value for scope in known.principal.scopes} == {"check", "items"}
    assert browser.get(f"/keys/{known.key.id}").status_code == 200
    follower = seed_of(browser.post(f"/keys/{known.key.id}/rotate", data={"overlap_days": "2"}).text)
    assert running.pages.access.keys.looked_up(follower).key.follows == known.key.id
    assert browser.post(f"/keys/{known.key.id}/revoke").status_code == 303
    assert running.pages.access.keys.remembered(secret) is None
    assert running.pages.access.keys.looked_up(secret) is None
    assert running.pages.access.keys.looked_up(follower) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"label": ""}, {"label": "x" * 81}, {"service": ""}, {"scope": []}, {"scope": "everything"}, {"days": "0"},
        {"days": "99999"}, {"days": "-1"}, {"days": "١"}, {"per_minute": "0"}, {"signals_per_day": "ten"},
    ],
)  # fmt: skip
def test_a_key_that_makes_no_sense_is_refused_and_says_why(running, change):
    browser = come_in(running, "root", Role.ADMINISTRATOR)
    form = {"label": "x", "service": "forum", "scope": ["check"], "days": "30"} | change
    answer = browser.post("/keys", data=form)
    assert answer.status_code == 422
    assert error_of(answer.text)
    assert "rk_" not in answer.text


def test_somebody_is_invited_given_roles_and_deactivated(running):
    browser = come_in(running, "root", Role.ADMINISTRATOR)
    form = {"name": "ben", "shown_name": "Ben <b>", "language": "fr", "role": ["reviewer", "lead"]}
    page = browser.post("/people", data=form).text
    assert "Ben &lt;b&gt;" in page
    link = seed_of(page)
    assert link.startswith(f"{running.address}/sign-in/link/")
    assert "Bienvenue, Ben" in running.browser().get(link).text
    ben = next(one for one in page.split('href="/people/')[1:] if "ben" in one).split('"')[0]
    assert browser.post(f"/people/{ben}/roles", data={"role": ["auditor"]}).status_code == 303
    assert "Auditor" in browser.get(f"/people/{ben}").text
    newer = seed_of(browser.post(f"/people/{ben}/link").text)
    assert running.browser().get(link).status_code == 410
    assert browser.post(f"/people/{ben}/deactivate").status_code == 303
    assert running.browser().get(newer).status_code == 410
    assert browser.post(f"/people/{ben}/link").status_code == 422
    assert browser.post(f"/people/{ben}/reactivate").status_code == 303


def test_nobody_raises_themselves_and_administrators_get_no_evidence_from_each_other(running):
    browser = come_in(running, "root", Role.ADMINISTRATOR)
    page = browser.get("/people").text
    own = page.split('href="/people/')[1].split('"')[0]
    answer = browser.post(f"/people/{own}/roles", data={"role": ["administrator", "reviewer"]})
    assert "Nobody changes their own roles" in error_of(answer.text)
    both = {"name": "eve", "language": "en", "role": ["administrator", "reviewer"]}
    answer = browser.post("/people", data=both)
    assert "Administrators see no evidence" in error_of(answer.text)


def test_the_last_administrator_stays(running):
    browser = come_in(running, "root", Role.ADMINISTRATOR)
    own = browser.get("/people").text.split('href="/people/')[1].split('"')[0]
    assert browser.post(f"/people/{own}/deactivate").status_code == 403


def test_pages_are_never_kept_and_have_a_strict_policy(running):
    browser = come_in(running, "ana", Role.REVIEWER)
    for path in ("/", "/account", "/sign-in/again", "/nothing"):
        headers = browser.get(path).headers
        assert headers["cache-control"] == "no-store"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert len(headers["x-request-id"]) == 16


def test_a_key_opens_no_page(running):
    answer = running.browser().get("/account", headers={"authorization": "Bearer rk_" + "a" * 43})
    assert answer.status_code == 403
    assert "Keys use the API" in answer.text


def test_a_session_that_was_not_used_asks_to_sign_in_again(running):
    browser = come_in(running, "ana", Role.REVIEWER)
    running.clock.now += timedelta(minutes=31)
    assert browser.get("/account").headers["location"] == "/sign-in?then=/account"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"=&" * 500),
        ("application/x-www-form-urlencoded", b"%ff%fe&name=%00&password=" + b"x" * 300_000),
        ("multipart/form-data; boundary=x", b"--x\r\nnot a part"),
        ("multipart/form-data", b"x"),
        ("application/json", b"{}"),
        ("", b"\xff"),
    ],
)
def test_a_form_that_cannot_be_read_is_refused_in_words(running, content_type, body):
    answer = running.browser().post("/sign-in", content=body, headers={"content-type": content_type})
    assert answer.status_code in (422, 429)
    assert error_of(answer.text)


def test_a_client_with_a_whole_ipv6_network_is_one_client(sqlite_store):
    with site(sqlite_store, people=PeopleSettings(address_per_minute=100_000), trusted=["127.0.0.1", "::1"]) as found:

        def guess(address: str) -> int:
            name = f"guess.{address.replace(':', '.')}"
            form = {"name": name, "password": "x" * 12, "code": "000000"}
            return found.browser(**{"x-forwarded-for": address}).post("/sign-in", data=form).status_code

        seen = [guess(f"2001:db8:1:2::{number + 1:x}") for number in range(45)]
        assert guess("2001:db8:1:3::1") == 422
    assert seen[:20] == [422] * 20
    assert 429 in seen


def test_many_who_try_to_sign_in_at_once_hold_up_only_each_other(sqlite_store):
    with site(sqlite_store, trusted=["127.0.0.1", "::1"]) as running, ThreadPoolExecutor(48) as many:
        turns = running.pages.entry.passwords._turn
        while turns.acquire(blocking=False):  # as if hashes were at work
            pass
        browsers = [running.browser(**{"x-forwarded-for": f"192.0.2.{number}"}) for number in range(48)]
        form = {"name": "guess", "password": "x" * 12, "code": "000000"}
        tries = [many.submit(browser.post, "/sign-in", data=form, timeout=90) for browser in browsers]
        time.sleep(1.5)
        assert running.browser().get("/sign-in/link/" + "a" * 43, timeout=20).status_code == 410
        for _ in range(2):
            turns.release()
        assert {one.result().status_code for one in tries} <= {422, 429}
