"""What a person sees of a notice by number and secret, and does there; nobody else sees or does anything."""

import re
from random import randrange

import httpx
import pytest

from deployment import deployment
from desks import join_team
from judging import ADA, LEA, NO, REMOVE, RUI
from noticewalk import Page, Walker, opened
from noticing import NoticeDesk, form
from rempart.intake.notices.records import locations
from rempart.intake.notices.values import Location, LocationState
from rempart.server.access_limits import networks
from rempart.server.noticing import writer_of

URL = "https://forum.example/photos/17"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("cases")) as found:
        object.__setattr__(found.runtime.access, "trusted", networks(["127.0.0.0/8"]))
        opened(found)
        with found.store.write() as conn:
            join_team(conn, RUI, ADA, LEA)
        yield found


@pytest.fixture(scope="module")
def desk(house):
    """People who take notices and decide about them, in the deployment that shows them."""
    service = house.runtime.service
    found = NoticeDesk.__new__(NoticeDesk)
    found.store, found.vault, found.clock = house.store, service.vault, house.clock
    found.writer = writer_of(service.settings, service.vault.keyring)
    return found


@pytest.fixture
def client(house):
    place = f"198.51.{randrange(256)}.{randrange(256)}"
    headers = {"sec-fetch-site": "same-origin", "accept": "text/html", "x-forwarded-for": place}
    with httpx.Client(base_url=house.address, headers=headers, timeout=60) as found:
        yield found


def look(client, told, **more):
    fields = {"number": told.number, "secret": told.secret, "language": "en"} | more
    return Page(client.post("/notice/follow", files={name: (None, value) for name, value in fields.items()}))


def a_url():
    return f"https://forum.example/photos/{randrange(10**12)}"


def test_the_number_in_the_address_alone_shows_nothing(desk, client):
    told = desk.take(form(a_url()))
    known, unknown = client.get(f"/notice/{told.number}?lang=en"), client.get("/notice/3333-4444?lang=en")
    assert known.status_code == unknown.status_code == 200
    assert known.text.replace(told.number, "N") == unknown.text.replace("3333-4444", "N")
    answer = client.post(f"/notice/{told.number}", files={"secret": (None, told.secret)})
    assert answer.status_code == 200
    assert "/photos/" in answer.text


def test_a_wrong_secret_and_a_wrong_number_are_answered_alike(desk, client):
    told = desk.take(form(a_url()))
    wrong = look(client, told, secret="3333-4444-6666-7777-9999")
    other = look(client, told, number="3333-4444")
    for page in (wrong, other):
        assert page.status == 404
        assert "do not belong together" in page.text
        assert "/photos/" not in page.text
    assert wrong.answer.text.replace(told.number, "N") == other.answer.text.replace("3333-4444", "N")
    assert 'name="secret" value=' not in wrong.answer.text


def test_too_many_tries_are_told_in_words_and_the_right_secret_works_from_elsewhere(desk, client, house):
    told = desk.take(form(a_url()))
    answers = [look(client, told, secret="3333").status for _ in range(12)]
    assert answers[0] == 404
    assert answers[-1] == 429
    slowed = look(client, told)
    assert "This number was tried too often" in slowed.text
    assert "Wait" in slowed.text
    client.headers["x-forwarded-for"] = "203.0.113.99"
    assert look(client, told).status == 200


def test_each_state_of_a_place_is_told_in_plain_words(desk, client):
    urls = [a_url() for _ in LocationState]
    told = desk.take(form(locations=tuple(Location(url=one) for one in urls)))
    with desk.store.write() as conn:
        for place, state in zip(desk.places(told), LocationState, strict=True):
            at = desk.clock() if state is not LocationState.WAITING else None
            locations.change(conn, place.id, state=state.value, decided_at=at, why="not_intimate")
    page = look(client, told)
    for said in (
        "A person is going to look at it", "The site is doing so now", "Removed.", "It stays.",
        "What we saw there is not an intimate picture", "There was nothing there any more", "You took this back",
    ):  # fmt: skip
        assert page.text.count(said) == 1, said
    french = look(client, told, language="fr")
    assert "Une personne va l’examiner" in french.text
    assert all(one in page.text for one in urls)


def test_a_removal_is_told_with_its_time_and_neither_copies_nor_other_places(desk, client):
    url, other = a_url(), a_url()
    told = desk.take(form(url))
    desk.take(form(other))
    desk.decide(told, REMOVE, people=(RUI,))
    assert "The site is doing so now" in look(client, told).text
    desk.confirm(told)
    page = look(client, told)
    assert "Removed." in page.text
    assert "Our decision: removed" in page.text
    assert other not in page.answer.text
    assert not re.search(r"\bcopies: \d|\d+ copies", page.text)


def test_who_does_not_agree_complains_and_sees_that_it_waits(desk, client):
    told = desk.take(form(a_url()))
    desk.decide(told, NO, people=(RUI,))
    page = look(client, told)
    assert "You can complain, at no cost" in page.text
    long = look(client, told, do="complain", text="x" * 4_001)
    assert long.status == 422
    assert "x" * 4_001 in long.answer.text
    page = look(client, told, do="complain", text="It is <b>me</b>.")
    assert page.status == 200
    assert "somebody else looks at it" in page.text
    assert "We have your complaint" in page.text
    again = look(client, told, do="complain", text="And again")
    assert again.status == 422


def test_taking_back_is_asked_about_once_and_then_done(desk, client):
    told = desk.take(form(a_url()))
    page = look(client, told, do="ask-withdraw")
    assert "Do you really want to take it back?" in page.text
    assert look(client, told).text.count("You took everything back") == 0
    page = look(client, told, do="withdraw")
    assert page.status == 200
    assert "You took everything back" in page.text
    assert 'value="ask-withdraw"' not in page.answer.text
    assert look(client, told, do="withdraw").status == 422


@pytest.mark.parametrize("do", ["withdraw", "complain", "ask-withdraw", "look", "x"])
def test_nothing_is_done_without_the_secret(desk, client, do):
    told = desk.take(form(a_url()))
    assert look(client, told, secret="3333", do=do).status == 404
    assert "You took everything back" not in look(client, told).text


def test_the_language_changes_and_the_case_stays(desk, client):
    told = desk.take(form(a_url()))
    page = look(client, told, go="lang-fr")
    assert '<html lang="fr">' in page.answer.text
    assert "/photos/" in page.text


def test_an_address_with_anything_in_it_leads_to_the_same_two_fields(client):
    for path in ("/notice/%00", "/notice/%ED%A0%80", "/notice/<script>", "/notice/" + "a" * 4_000, "/notice/%E2%80%AE"):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "<script>" not in answer.text
        assert "\0" not in answer.text
    assert client.get("/notice/a/b").status_code == 404
    assert client.delete("/notice").status_code == 405
    assert "data-leave" in client.get("/notice/a/b").text


def test_a_notice_sent_from_the_page_is_seen_with_its_acknowledgement(client):
    walker = Walker(client)
    walker.review(role="parent", where=a_url())
    sent = walker.send()
    number, secret = re.findall(r'<code class="secret" translate="no">([^<]+)</code>', sent.answer.text)
    page = Page(client.post("/notice/follow", files={"number": (None, number), "secret": (None, secret)}))
    assert "We have it" in page.text
    assert number in page.text
