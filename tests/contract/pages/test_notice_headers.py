"""What the public pages and each of their files come with: a policy that lets nothing out, and nothing that is kept."""

import httpx
import pytest

from deployment import deployment
from noticewalk import opened
from rempart.people.permissions import Role
from rempart.server.pages.rendering import FILES, address_of

OWN = sorted(name for name in FILES if name.startswith(("notice.", "notice-")))
PLACES = [
    "/notice",
    "/notice?lang=fr",
    "/notice/follow",
    "/notice/protect",
    "/notice/3467-9CDF",
    "/notice/a/b",
    *map(address_of, OWN),
]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("headers")) as found:
        opened(found)
        yield found


def policy(answer):
    return dict(part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";"))


def asked(house, path, method="GET", content=None, **headers):
    with httpx.Client(base_url=house.address, timeout=60) as client:
        return client.request(method, path, headers={"accept": "text/html"} | headers, content=content)


def assert_sealed(answer):
    found = policy(answer)
    assert found["default-src"] == "'none'"
    if "/files/" in str(answer.url):
        assert found == {"default-src": "'none'", "frame-ancestors": "'none'"}  # a worker may load nothing at all
    else:
        assert found["connect-src"] == found["frame-ancestors"] == found["base-uri"] == "'none'"
        assert found["form-action"] == found["script-src"] == found["worker-src"] == found["style-src"] == "'self'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-embedder-policy"] == "require-corp"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers


def test_there_are_files_to_look_at():
    assert {"notice.css", "notice.js", "notice-hash.js", "notice-worker.js"} <= set(OWN)


@pytest.mark.parametrize("accept", ["text/html", "*/*", "application/json"])
@pytest.mark.parametrize("path", PLACES)
def test_every_page_and_file_has_the_policy_whatever_is_asked_for(house, path, accept):
    assert_sealed(asked(house, path, accept=accept))


def test_refusals_and_faults_have_it_too(house):
    own = {"sec-fetch-site": "same-origin"}
    for answer in (
        asked(house, "/notice", "DELETE", **own), asked(house, "/notice", "POST", **{"sec-fetch-site": "cross-site"}),
        asked(house, "/notice", "POST", **own, content=iter([b"x" * 20_000])),
        asked(house, "/notice/send", "POST", **own),
        asked(house, "/notice", **{"x-much": "y" * 40_000}),
    ):  # fmt: skip
        assert answer.status_code >= 400
        assert_sealed(answer)


def test_other_pages_keep_the_policy_that_they_had(house):
    for path in ("/sign-in", "/notices", "/files/pages.css", "/noticeable"):
        answer = asked(house, path)
        assert policy(answer).get("connect-src") != "'none'", path
        assert "cross-origin-embedder-policy" not in answer.headers


def test_no_cookie_is_set_for_who_is_signed_in_either(house):
    staff = house.browser("rita", Role.REVIEWER)
    for path in PLACES:
        assert_sealed(staff.get(path))


def test_forms_are_taken_from_browsers_that_say_no_more_under_no_referrer(house):
    """Older browsers send `Origin: null` there, and nothing else says where a form came from. No session goes along."""
    sent = {"files": {"step": (None, "who")}, "headers": {"accept": "text/html", "origin": "null", "cookie": "a=b"}}
    with httpx.Client(base_url=house.address, timeout=60) as client:
        assert client.post("/notice", **sent).status_code == 422
        assert client.post("/sign-in", **sent).status_code == 403
        sent["headers"] |= {"origin": "https://elsewhere.example"}
        assert client.post("/notice", **sent).status_code == 403


def test_what_is_too_long_is_told_in_both_languages(house):
    with httpx.Client(base_url=house.address, timeout=60) as client:
        answer = client.post("/notice", files={"so_far": (None, "x" * 17_000)}, headers={"accept": "text/html"})
    assert answer.status_code == 413
    assert "<p lang=en>This is more than this page can take at once" in answer.text
    assert "<p lang=fr>C’est plus" in answer.text
