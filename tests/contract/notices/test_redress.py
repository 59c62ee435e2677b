"""Somebody who does not agree gets another person's answer: over the pages alone, from the notice to the letter."""

import re
from random import randrange

import httpx
import pytest

from deployment import deployment, text_of
from judging import no_window
from noticewalk import Page, Walker, opened
from pageserver import hidden
from receivers import wait_until
from rempart.people.permissions import Role
from rempart.server.access_limits import networks

STAYS = {"main": "no_violation", "category": "intimate:not_intimate", "rationale": "A fence, no more."}
GOES = {"main": "remove", "category": "intimate:nonconsensual", "rationale": "It is as the person says."}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("redress")) as found:
        object.__setattr__(found.runtime.access, "trusted", networks(["127.0.0.0/8"]))
        opened(found)
        no_window(found.store)
        yield found


class Somebody:
    """Who sends a notice from the public page and follows it there."""

    def __init__(self, client):
        self.client, walker = client, Walker(client)
        walker.review(where=f"https://forum.example/photos/{randrange(10**12)}", contact="ada@mail.example")
        told = re.findall(r'<code class="secret" translate="no">([^<]+)</code>', walker.send().answer.text)
        self.number, self.secret = told

    def look(self, **more):
        fields = {"number": self.number, "secret": self.secret, "language": "en"} | more
        return Page(self.client.post("/notice/follow", files={name: (None, one) for name, one in fields.items()}))

    def wait_for(self, said):
        wait_until(lambda: said in self.look().text, 30)
        return self.look()


@pytest.fixture
def ada(house):
    place = f"198.51.{randrange(256)}.{randrange(256)}"
    headers = {"sec-fetch-site": "same-origin", "accept": "text/html", "x-forwarded-for": place}
    with httpx.Client(base_url=house.address, headers=headers, timeout=60) as client:
        yield Somebody(client)


def notice_of(browser, number):
    """The page of a notice, by its number in the list."""
    listed = browser.get("/notices?state=all").text
    return re.search(rf'href="(/notices/notice_[^"]+)"[^>]*>{number}<', listed)[1]


def answer(browser, case, said):
    """Take a case and answer in it."""
    assert browser.post(f"{case}/claim").status_code == 303
    page = browser.get(case).text
    done = browser.post(f"{case}/assess", data=said | {"token": hidden(page, "token")})
    assert done.status_code == 303, text_of(done.text)


def cases_in(page):
    return list(dict.fromkeys(re.findall(r'href="(/cases/case_[^"]+)"', page.text)))


@pytest.mark.parametrize(
    ("again", "state", "said"),
    [(STAYS, "rejected", "The decision stays as it was."), (GOES, "upheld", "you were right to ask")],
    ids=["rejected", "upheld"],
)
def test_a_complaint_goes_to_somebody_who_had_no_part_and_is_answered_by_a_letter(house, ada, again, state, said):
    rita, rob, lena = house.browser("rita"), house.browser("rob"), house.browser("lena", Role.LEAD)
    notice = notice_of(rita, ada.number)
    (first,) = cases_in(rita.get(notice))
    answer(rita, first, STAYS)
    assert "You can complain, at no cost" in ada.wait_for("It stays.").text

    assert ada.look(do="complain", text="It is my window.").status == 200
    (_, second) = cases_in(lena.get(notice))
    assert second != first
    for path in (second, notice, f"{notice}/letters/kept"):
        assert rita.get(path).status_code == 404, "who decided first does not see the complaint"
    assert rita.post(f"{second}/claim").status_code == 404
    assert second not in rita.get("/cases").text
    assert ada.number not in rita.get("/notices?state=all").text
    assert "It is my window." in text_of(rob.get(notice).text)

    answer(rob, second, again)
    letter = ada.wait_for(said).text
    assert "Somebody who had no part in the first decision has looked again" in letter
    page = text_of(lena.get(notice).text)
    assert {"rejected": "the decision stays", "upheld": "upheld"}[state] in page.lower()
    assert house.people["rita"].name not in letter
    assert house.people["rob"].name not in letter
    if state == "rejected":
        assert rita.get(notice).status_code == 200, "it is over; there is nothing to be kept from any more"


def test_where_nobody_else_could_look_the_same_person_may(tmp_path):
    with deployment(tmp_path) as alone:
        object.__setattr__(alone.runtime.access, "trusted", networks(["127.0.0.0/8"]))
        opened(alone)
        no_window(alone.store)
        rita = alone.browser("rita")
        headers = {"sec-fetch-site": "same-origin", "accept": "text/html"}
        with httpx.Client(base_url=alone.address, headers=headers, timeout=60) as client:
            ada = Somebody(client)
            notice = notice_of(rita, ada.number)
            (first,) = cases_in(rita.get(notice))
            answer(rita, first, STAYS)
            ada.wait_for("It stays.")
            assert ada.look(do="complain", text="Please look again.").status == 200
            (_, second) = cases_in(rita.get(notice))
            answer(rita, second, STAYS)
            ada.wait_for("The decision stays as it was.")
