"""Sign-in through an identity provider: a real one on the loopback, that also lies, stalls and answers nonsense."""

import asyncio
import re
from os import urandom

import httpx
import pytest
from joserfc.jwk import RSAKey
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse

from identityserver import CLIENT, SECRET, confused, identity_server, unsigned
from pageserver import error_of, site
from rempart.errors import RefusedError, UnavailableError
from rempart.people.account import Account
from rempart.people.permissions import Role
from rempart.people.sessions import principal_of
from rempart.server.oidc import Provider
from rempart.settings import OidcSettings
from signing import PASSWORD, Watch, add_person, code, enrolled

BACK = "http://localhost:8600/sign-in/provider/back"


@pytest.fixture
def clock():
    return Watch()


@pytest.fixture
def identity(clock):
    with identity_server(lambda: clock().timestamp()) as found:
        yield found


def settings_for(identity, **more):
    return OidcSettings(**({"issuer": identity.issuer, "client_id": CLIENT, "client_secret": SECRET} | more))


@pytest.fixture
def provider(identity, clock):
    return Provider(settings_for(identity), redirect=BACK, clock=clock, random=urandom, timeout=2)


def through(provider, *, again=False, change=lambda answer: answer, wait=lambda: None):
    """The whole way: begin, the browser's visit to the provider, finish."""

    async def run():
        address, kept = await provider.begin(again=again)
        async with httpx.AsyncClient() as browser:
            visit = await browser.get(address)
        answer = dict(httpx.URL(visit.headers["location"]).params)
        wait()
        return await provider.finish(change(answer), kept)

    return asyncio.run(run())


def test_the_provider_vouches_for_somebody(provider, identity):
    found = through(provider)
    assert (found.issuer, found.subject) == (identity.issuer, "subject-1")


def test_asked_anew_the_provider_has_to_say_when_it_asked(provider, identity):
    assert through(provider, again=True).subject == "subject-1"
    identity.claims = lambda claims: claims | {"auth_time": claims["iat"] - 3600}
    with pytest.raises(RefusedError, match="asked anew"):
        through(provider, again=True)
    identity.claims = lambda claims: {name: claims[name] for name in claims if name != "auth_time"}
    with pytest.raises(RefusedError, match="asked anew"):
        through(provider, again=True)


LIES = {
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "somebody-else"},
    "many audiences, none named": {"aud": [CLIENT, "other"]},
    "another party": {"aud": [CLIENT, "other"], "azp": "other"},
    "expired": {"exp": 1},
    "no end": {"exp": None},
    "an end in words": {"exp": "tomorrow"},
    "from the future": {"iat": 9_999_999_999},
    "another nonce": {"nonce": "x"},
    "no nonce": {"nonce": None},
    "nobody": {"sub": ""},
    "a number": {"sub": 7},
    "somebody very long": {"sub": "x" * 256},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_says_something_wrong_is_not_trusted(provider, identity, lie):
    identity.claims = lambda claims: claims | LIES[lie]
    with pytest.raises(RefusedError, match="not to be trusted") as refused:
        through(provider)
    assert refused.value.hint


def test_a_token_for_us_and_others_that_names_us_is_trusted(provider, identity):
    identity.claims = lambda claims: claims | {"aud": [CLIENT, "other"], "azp": CLIENT}
    assert through(provider).subject == "subject-1"


@pytest.mark.parametrize("forge", ["unsigned", "confused", "another key", "nonsense", "two parts"])
def test_a_forged_token_is_not_trusted(provider, identity, forge):
    if forge == "unsigned":
        identity.signed = unsigned
    elif forge == "confused":
        identity.signed = confused(identity)
    elif forge == "another key":
        identity.published = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
    else:
        identity.signed = lambda claims: "a.b" if forge == "two parts" else "nonsense"
    with pytest.raises(RefusedError, match="signature does not hold"):
        through(provider)


def test_keys_that_were_changed_are_read_again_once(provider, identity):
    through(provider)
    identity.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
    assert through(provider).subject == "subject-1"
    assert identity.asked == ["keys", "keys"]


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: answer | {"state": "x"},
        lambda answer: {name: answer[name] for name in answer if name != "state"},
        lambda answer: answer | {"iss": "https://evil.example"},
        lambda answer: {"error": "access_denied", "state": answer["state"]},
        lambda answer: {"state": answer["state"]},
        lambda answer: answer | {"code": "stolen"},
    ],
)
def test_what_the_browser_brings_back_has_to_be_what_was_begun(provider, change):
    with pytest.raises(RefusedError):
        through(provider, change=change)


def test_a_code_is_good_once(provider):
    kept = []

    async def twice():
        address, facts = await provider.begin()
        async with httpx.AsyncClient() as browser:
            answer = dict(httpx.URL((await browser.get(address)).headers["location"]).params)
        kept.append(await provider.finish(answer, facts))
        await provider.finish(answer, facts)

    with pytest.raises(RefusedError, match="did not accept"):
        asyncio.run(twice())
    assert len(kept) == 1


@pytest.mark.parametrize(
    "answer",
    [
        lambda: PlainTextResponse("down", 500),
        lambda: PlainTextResponse("{", media_type="application/json"),
        lambda: JSONResponse([]),
        lambda: JSONResponse({}),
        lambda: JSONResponse({"id_token": 7}),
        lambda: RedirectResponse("http://127.0.0.1:1/"),
        lambda: PlainTextResponse("x" * 300_000),
    ],
)
def test_a_token_endpoint_that_answers_nonsense_is_unavailable_and_nobody_signs_in(provider, identity, answer):
    identity.token_answer = answer
    with pytest.raises(UnavailableError, match="cannot be used now"):
        through(provider)


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": None},
        {"jwks_uri": "http://192.0.2.1/keys"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_a_description_that_leads_elsewhere_is_not_followed(provider, identity, change):
    identity.description = lambda found: found | change
    with pytest.raises(UnavailableError):
        through(provider)


def test_a_provider_that_is_away_is_unavailable(clock):
    provider = Provider(
        OidcSettings(issuer="http://127.0.0.1:1", client_id="x"), redirect=BACK, clock=clock, random=urandom
    )
    with pytest.raises(UnavailableError, match="does not answer"):
        asyncio.run(provider.begin())


def test_a_provider_without_https_is_refused_at_start(clock):
    with pytest.raises(UnavailableError, match="not https"):
        Provider(
            OidcSettings(issuer="http://login.example.org", client_id="x"), redirect=BACK, clock=clock, random=urandom
        )


@pytest.fixture
def running(sqlite_store, identity, clock):
    with site(sqlite_store, clock=clock, oidc=settings_for(identity, label="House login")) as found:
        yield found


def visit(browser, path):
    """Follow the way to the provider and back, as a browser would: its cookies stay with their hosts."""
    answer = browser.get(path)
    with httpx.Client() as elsewhere:
        back = elsewhere.get(answer.headers["location"])
    return browser.get(back.headers["location"], headers={"sec-fetch-site": "cross-site"})


def test_somebody_who_linked_their_account_signs_in_through_the_provider(running, clock):
    entry = running.pages.entry
    seed, _started = enrolled(entry, add_person(entry, "ana", [Role.REVIEWER]))
    stranger = visit(running.browser(), "/sign-in/provider")
    assert "not linked to anyone here" in error_of(stranger.text)
    clock.forward(seconds=30)
    browser = running.browser()
    browser.post("/sign-in", data={"name": "ana", "password": PASSWORD, "code": code(seed, clock())})
    assert browser.get("/sign-in/provider?for=account").status_code == 422  # as another site would send it here
    own = re.search(r'href="(/sign-in/provider[^"]*)"', browser.get("/account").text)[1].replace("&amp;", "&")
    assert visit(browser, own).headers["location"] == "/account?done=provider_linked"
    fresh = running.browser()
    assert "House login" in fresh.get("/sign-in").text
    assert visit(fresh, "/sign-in/provider?then=/account").headers["location"] == "/account"
    assert "Your account" in fresh.get("/account").text
    clock.forward(minutes=11)
    assert "Confirm who you are" in fresh.get("/account").text
    assert visit(fresh, "/sign-in/provider?for=proof&then=/account").headers["location"] == "/account"
    assert "Confirm who you are" not in fresh.get("/account").text


def test_coming_back_in_another_browser_or_twice_opens_nothing(running):
    entry = running.pages.entry
    _, started = enrolled(entry, add_person(entry, "ana", [Role.REVIEWER]))
    Account(entry=entry, who=principal_of(started.person, started.session)).link_provider(
        running.pages.provider.issuer, "subject-1"
    )
    browser = running.browser()
    with httpx.Client() as elsewhere:
        back = elsewhere.get(browser.get("/sign-in/provider").headers["location"]).headers["location"]
    assert running.browser().get(back).status_code == 422  # somebody else's browser: login CSRF
    assert browser.get(back).headers["location"] == "/"
    assert browser.get(back).status_code == 422


def test_the_account_of_somebody_else_cannot_serve_as_proof(running, identity, clock):
    entry = running.pages.entry
    for name in ("ana", "ben"):
        _, started = enrolled(entry, add_person(entry, name, [Role.REVIEWER]))
        who = principal_of(started.person, started.session)
        Account(entry=entry, who=who).link_provider(identity.issuer, f"subject-{name}")
    identity.subject = "subject-ana"
    browser = running.browser()
    visit(browser, "/sign-in/provider")
    identity.subject = "subject-ben"
    answer = visit(browser, "/sign-in/provider?for=proof")
    assert "somebody else" in error_of(answer.text)


def test_a_browser_left_open_proves_nothing_through_a_provider_that_does_not_ask(running, identity):
    entry = running.pages.entry
    _, started = enrolled(entry, add_person(entry, "ana", [Role.REVIEWER]))
    who = principal_of(started.person, started.session)
    Account(entry=entry, who=who).link_provider(identity.issuer, "subject-1")
    browser = running.browser()
    visit(browser, "/sign-in/provider")
    assert browser.get("/account/code").headers["location"].startswith("/sign-in/again")
    visit(browser, "/sign-in/provider")  # once more, and nobody was asked for anything
    assert browser.get("/account/code").headers["location"].startswith("/sign-in/again")
    visit(browser, "/sign-in/provider?for=proof")
    assert browser.get("/account/code").status_code == 200
