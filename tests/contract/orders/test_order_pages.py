"""The register on the console: entered, told of, carried out, and read by those who may."""

import re
from datetime import timedelta

import pytest

from deployment import deployment, text_of
from hosting import host
from rempart.evidence.vault import records as vault_records
from rempart.people.permissions import Role as Duty
from vaults import BY, put_in


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("orders")) as made:
        yield made


KEPT = {}


def lea(house, *, name="lea", old=False):
    """A lead's browser, made once."""
    if (house.address, name, old) not in KEPT:
        KEPT[house.address, name, old] = house.browser(name, Duty.LEAD, old=old)
    return KEPT[house.address, name, old]


def leo(house):
    return lea(house, name="leo")


def told(house, **more):
    """What is typed into the form, in the time of Paris in winter."""
    came = house.clock() - timedelta(minutes=10) + timedelta(hours=1)
    return {
        "kind": "removal", "authority": "OFAC, brigadier Martin", "authority_class": "police", "country": "fr",
        "reference": "PV 2026/17", "topic": "child_safety", "received": f"{came:%Y-%m-%dT%H:%M}",
        "received_zone": "+01:00", "law": "fr-lcen", "about": "https://forum.example/photos/17\n", "contact": "",
        "text": "", "stated": "", "stated_zone": "",
    } | more  # fmt: skip


def enter(house, who=lea, **more):
    answer = who(house).post("/orders/new", data=told(house, **more))
    assert answer.status_code == 303, text_of(answer.text)
    return re.match(r"/orders/(order_\w+)", answer.headers["location"]).group(1)


def sealed(house, number):
    with house.store.write() as conn:
        host(conn, number)
    return put_in(house.runtime.service.vault, item=f"item:{number}", basis="policy", reference="check_1")


def test_an_order_is_entered_in_its_own_zone_and_leads_to_its_case(house):
    order = enter(house)
    text = text_of(lea(house).get(f"/orders/{order}?done=order_taken").text)
    for words in ("OFAC, brigadier Martin", "told in UTC+01:00", "France: removal demanded by the police", "waits"):
        assert words in text, words
    listed = lea(house).get("/orders").text
    assert order in listed
    assert "PV 2026/17" in listed
    french = text_of(house.browser("lena", Duty.LEAD, language="fr").get(f"/orders/{order}").text)
    assert "indiquée en UTC+01:00" in french
    case = re.search(r'href="/cases/(case_\w+)"', lea(house).get(f"/orders/{order}").text).group(1)
    assert f'href="/orders/{order}"' in lea(house).get(f"/cases/{case}").text
    assert "/orders/" not in house.browser("rita").get(f"/cases/{case}").text
    again = enter(house)
    assert "The same reference is in the register already" in text_of(lea(house).get(f"/orders/{again}").text)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"received_zone": ""}, "The time has no zone."),
        ({"received": "yesterday"}, "That is no time."),
        ({"received": "9999-12-31T23:59", "received_zone": "-12:00"}, "That is no time."),
        ({"received": "2099-01-01T00:00"}, "An order cannot have come later than now."),
        ({"received": ""}, "When it came is missing."),
        ({"country": "France"}, "A country has two capital letters."),
        ({"authority": " "}, "An order has an authority and its reference."),
        ({"about": " \n"}, "An order is about 1 to 200 things."),
        ({"about": "case_none"}, "There is no such case."),
        ({"about": "report_none"}, "There is no such report."),
        ({"about": "https://bad host/"}, "That is no address."),
        ({"law": "us-2258b"}, "This law knows no order of this kind."),
        ({"kind": "other"}, "A choice is missing."),
        ({"stated": "2020-01-01T00:00", "stated_zone": "+00:00"}, "The order's own time is over before it came."),
    ],
)
def test_what_cannot_be_entered_comes_back_with_what_was_typed(house, wrong, words):
    answer = lea(house).post("/orders/new", data=told(house, reference="PV 2026/99") | wrong)
    assert answer.status_code in (404, 422)
    assert words in text_of(answer.text)
    if answer.status_code == 422:
        assert "PV 2026/99" in answer.text
    assert "PV 2026/99" not in lea(house).get("/orders").text


def test_reviewers_find_no_register_and_auditors_change_nothing(house):
    order = enter(house, reference="PV 2026/18")
    assert house.browser("rita").get("/orders").status_code == 403
    assert house.browser("rita").get(f"/orders/{order}").status_code == 403
    auditor = house.browser("aud", Duty.AUDITOR)
    page = auditor.get(f"/orders/{order}")
    assert page.status_code == 200
    assert "<form" not in page.text.partition("<main")[2].partition("</main>")[0]
    for step in ("receipt", "more-time", "contest", "contest-ended", "handed-over", "destroy", "release", "close"):
        assert auditor.post(f"/orders/{order}/{step}", data={}).status_code == 403
    assert auditor.get("/orders/new").status_code == 403
    assert auditor.get("/orders/disclosures").status_code == 200


def test_a_removal_order_is_told_of_extended_contested_and_closed(house):
    order, page = enter(house, reference="PV 2026/19"), lea(house)
    here = f"/orders/{order}"
    assert page.post(f"{here}/receipt").headers["location"] == f"{here}?done=order_receipt"
    assert page.post(f"{here}/receipt").status_code == 409
    end = house.clock() + timedelta(days=3)
    late = {"until": f"{end:%Y-%m-%dT%H:%M}", "until_zone": "+00:00", "why": "They gave three days."}
    assert page.post(f"{here}/more-time", data=late | {"why": " "}).status_code == 422
    assert page.post(f"{here}/more-time", data=late).status_code == 303
    assert page.post(f"{here}/contest", data={"why": "The wrong service."}).status_code == 303
    assert page.post(f"{here}/contest-ended", data={"upheld": "yes"}).status_code == 303
    undone = page.post(f"{here}/close", data={"outcome": "done", "answer": "Done."})
    assert "Not all of this order is carried out." in text_of(undone.text)
    assert page.post(f"{here}/close", data={"outcome": "lifted", "answer": "You took it back."}).status_code == 303
    text = text_of(page.get(here).text)
    for words in ("They gave three days.", "The wrong service.", "You took it back.", "taken back by the authority"):
        assert words in text, words
    assert page.post(f"{here}/close", data={"outcome": "done", "answer": "Again."}).status_code == 409
    assert order in page.get("/orders?state=closed").text


def test_two_leads_destroy_over_the_pages_and_a_hold_stops_them(house):
    number = 4_001
    object_id = sealed(house, number)
    order = enter(house, kind="destruction", law="us-2258b", about=f"forum/photo-{number}", reference="D 1")
    here = f"/orders/{order}"
    assert lea(house, old=True).post(f"{here}/destroy", data={"sure": "yes"}).headers["location"].startswith("/sign-in")
    assert lea(house).post(f"{here}/destroy", data={}).status_code == 422
    assert lea(house).post(f"{here}/destroy", data={"sure": "yes"}).status_code == 303
    shown = lea(house).get(here).text
    approval = re.search(r"/approvals/(approval_\w+)", shown).group(1)
    assert "Sealed objects 1" in text_of(leo(house).get(f"/approvals/{approval}").text)
    own = lea(house).post(f"/approvals/{approval}", data={"answer": "approve", "reason": "read"})
    assert "Who asked cannot approve" in text_of(own.text)
    vault = house.runtime.service.vault
    with house.store.write() as conn:
        hold = vault.hold(conn, object_id, reason="an appeal", by=BY)
    stopped = leo(house).post(f"/approvals/{approval}", data={"answer": "approve", "reason": "read"})
    assert "has changed since" in text_of(stopped.text)
    again = lea(house).post(f"{here}/destroy", data={"sure": "yes"})
    assert "A legal hold stands on all 1 objects" in text_of(again.text)
    assert "so it cannot be destroyed now" in text_of(lea(house).get(here).text)
    with house.store.write() as conn:
        vault.release(conn, hold, reason="the appeal is over", by=BY)
    lea(house).post(f"{here}/destroy", data={"sure": "yes"})
    approval = re.search(r"/approvals/(approval_\w+)", lea(house).get(here).text).group(1)
    yes = leo(house).post(f"/approvals/{approval}", data={"answer": "approve", "reason": "read"})
    assert yes.headers["location"] == "/approvals?done=approved"
    with house.store.read() as conn:
        assert vault_records.find_object(conn, object_id).destroyed is not None
    assert "1 sealed object was destroyed." in text_of(lea(house).get(here).text)


def test_what_was_handed_over_stands_in_the_log(house):
    sealed(house, 4_002)
    order = enter(house, kind="information", law="eu-dsa-10", about="forum/photo-4002", reference="I 1")
    here = f"/orders/{order}"
    refused = lea(house).post(f"{here}/handed-over", data={"what": "content"})
    assert "Content leaves as a sealed package" in text_of(refused.text)
    assert lea(house).post(f"{here}/handed-over", data={}).status_code == 422
    assert lea(house).post(f"{here}/handed-over", data={"what": ["account"], "note": "I 1 bis"}).status_code == 303
    for path in (here, "/orders/disclosures"):
        text = text_of(lea(house).get(path).text)
        assert "I 1 bis" in text
        assert "a request" in text


def test_preserved_things_are_released_by_a_lead_who_proved_who_they_are(house):
    object_id = sealed(house, 4_003)
    order = enter(house, kind="preservation", law="us-2703f", about="forum/photo-4003", reference="P 1", country="US")
    here = f"/orders/{order}"
    assert "under a legal hold" in text_of(lea(house).get(here).text)
    assert lea(house, old=True).post(f"{here}/release", data={"why": "over"}).headers["location"].startswith("/sign-in")
    assert lea(house).post(f"{here}/release", data={"why": "They want no more."}).status_code == 303
    with house.store.read() as conn:
        assert vault_records.holds_on(conn, object_id) == ()
