"""Who may be given what, where a case goes, what a cover says: without a database."""

import io
import json
from itertools import combinations

import pytest

from rempart.clock import utc_now
from rempart.errors import NotFoundError, RefusedError
from rempart.lists.entry import Category
from rempart.lists.formats import vicscase
from rempart.reports.orders.values import CONTENT_FOR, RecipientClass
from rempart.reports.referrals.authorities import ANY, Duty, find, of_country, table
from rempart.reports.referrals.cover import cover
from rempart.reports.referrals.recipients import Recipient, Sender, age_recipients
from rempart.reports.referrals.routing import Standing, route
from rempart.reports.referrals.values import MAY_RECEIVE, Part, hold_back, may_receive
from rempart.reports.referrals.wording import words
from rempart.settings import ReferralSettings

KEY = "age1g8mejlsdsvaslvaklmqt2kx3ez3gpjsm8w457qztys729gmzda9qzezxdl"
MD5 = "9e107d9d372bb6826bd81d3542a419d6"
PLAIN = {Part.CONTENT, Part.SIGNALS, Part.ACCOUNTS, Part.CUSTODY}


def test_content_and_whatever_identifies_it_goes_to_police_ncmec_and_legal_process_alone():
    assert {kind for kind in RecipientClass if MAY_RECEIVE[kind] & PLAIN} == set(CONTENT_FOR)
    assert {RecipientClass.POLICE, RecipientClass.NCMEC, RecipientClass.LEGAL_PROCESS} == set(CONTENT_FOR)
    assert MAY_RECEIVE.keys() == set(RecipientClass)


@pytest.mark.parametrize("pair", list(combinations(RecipientClass, 2)), ids=lambda pair: "+".join(pair))
def test_of_several_recipients_the_strictest_decides(pair):
    allowed = may_receive(pair)
    for part in Part:
        if part in allowed:
            hold_back([part], pair)
            assert all(part in MAY_RECEIVE[one] for one in pair)
        else:
            with pytest.raises(RefusedError):
                hold_back([part], pair)
    assert may_receive([]) == frozenset()
    with pytest.raises(RefusedError):
        hold_back([Part.LOCATIONS], [])


def test_each_row_of_the_table_says_all_it_has_to_in_both_languages():
    ids = [one.id for one in table()]
    assert len(set(ids)) == len(ids)
    for one in table():
        assert set(one.name) == set(one.text) == set(one.source) == {"en", "fr"}
        assert "'" not in one.name["fr"] + one.text["fr"]
        assert ("Règlement (UE)" in one.source["fr"]) == ("Regulation (EU)" in one.source["en"])
        assert bool(one.source["fr"]) == bool(one.source["en"])
        assert set(one.counted_by) <= set(ids)
        assert one.source["en"] or ANY in one.countries
        assert one.duty is not Duty.ALWAYS or one.source["en"]
        assert "!" not in "".join((*one.name.values(), *one.text.values()))
    from rempart.evidence.vault.retention import regimes

    assert {one.regime for one in table()} - {""} <= set(regimes())


@pytest.mark.parametrize("country", ["", "JP", "XX", "fr", "*"])
def test_a_country_without_a_row_has_any_police_and_any_hotline_and_no_duty(country):
    found = route(Sender(country=country), danger=True)
    assert [one.authority.id for one in found.steps] == ["any-police", "any-hotline"]
    assert {one.standing for one in found.steps} == {Standing.OPEN}
    assert not found.known


def test_every_row_is_reached_from_its_countries_and_each_has_police_or_ncmec():
    for one in table():
        for country in one.countries:
            if country == ANY:
                continue
            rows = of_country(country)
            assert one in rows
            assert {RecipientClass.POLICE, RecipientClass.NCMEC} & {row.kind for row in rows}


def test_in_great_britain_one_registers_first_and_ncmec_counts():
    steps = {one.authority.id: one for one in route(Sender(country="GB")).steps}
    assert (steps["uk-nca"].standing, steps["uk-iwf"].standing) == (Standing.REGISTER, Standing.OPEN)
    registered = Sender(country="GB", registrations=frozenset({"uk-nca"}))
    assert route(registered).standing("uk-nca") is Standing.DUE
    assert route(registered, told=["us-ncmec"]).standing("uk-nca") is Standing.COUNTED
    assert route(registered, told=["uk-iwf"]).standing("uk-nca") is Standing.DUE
    assert route(registered, told=["uk-nca", "us-ncmec"]).standing("uk-nca") is Standing.DONE
    assert route(registered).standing("fr-pharos") is None


@pytest.mark.parametrize(("country", "police"), [("FR", "fr-pharos"), ("DE", "eu-police")])
def test_in_the_union_a_threat_to_life_is_told_to_the_police(country, police):
    assert route(Sender(country=country)).standing(police) is Standing.OPEN
    assert route(Sender(country=country), danger=True).standing(police) is Standing.DUE


def test_recipients_are_found_by_their_authority_or_by_class_and_country():
    named = Recipient(id="a", name="A", kind=RecipientClass.POLICE, country="GB", keys=(KEY,), authority="uk-nca")
    other = Recipient(id="b", name="B", kind=RecipientClass.POLICE, country="GB", keys=(KEY,))
    far = Recipient(id="c", name="C", kind=RecipientClass.POLICE, country="JP", keys=(KEY,))

    def of(*recipients):
        (step, *_) = route(Sender(country="GB", recipients=recipients)).steps
        return [one.id for one in step.recipients]

    assert (of(named, other), of(other, far), of(far)) == (["a"], ["b"], [])


def test_recipients_are_chosen_by_id_each_once():
    one = Recipient(id="a", name="A", kind=RecipientClass.POLICE, country="", keys=(KEY,))
    sender = Sender(recipients=(one,))
    assert sender.chosen(["a", "a"]) == (one,)
    with pytest.raises(NotFoundError):
        sender.chosen(["a", "b"])
    with pytest.raises(RefusedError, match="for somebody"):
        sender.chosen([])
    for bad in ("", "age1", KEY[:-1] + "b", "ssh-ed25519 AAAA"):
        with pytest.raises(RefusedError, match="no age recipient"):
            age_recipients([bad])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"keys": []}, "keys"),
        ({"keys": ["age1short"]}, "begins with age1"),
        ({"class": "friend"}, "class"),
        ({"class": "police", "authority": "uk-iwf"}, "is of the class hotline"),
        ({"authority": "mars"}, "there is no authority mars"),
        ({"id": "Not An Id"}, "id"),
        ({"country": "gb"}, "country"),
        ({"more": 1}, "more"),
    ],
    ids=lambda one: str(one)[:30],
)
def test_a_recipient_that_is_none_is_refused_with_its_place(change, said):
    row = {"id": "a", "name": "A", "class": "hotline", "keys": [KEY]} | change
    with pytest.raises(ValueError, match=said):
        ReferralSettings.model_validate({"recipients": [row]})


def test_two_recipients_of_one_id_and_an_unknown_registration_are_refused():
    row = {"id": "a", "name": "A", "class": "hotline", "keys": [KEY]}
    with pytest.raises(ValueError, match="each has an id of its own"):
        ReferralSettings.model_validate({"recipients": [row, row]})
    with pytest.raises(ValueError, match="there is no authority x"):
        ReferralSettings.model_validate({"registrations": ["x"]})


def frozen(language="en", **more):
    return {
        "referral": "referral_1", "made": "2026-11-22T21:04:05.000Z", "case": "case_1", "danger": False,
        "from": {"name": "", "contact": "", "country": ""}, "language": language, "ground": "duty", "note": "",
        "to": [{"name": "Police", "class": "police", "country": "GB"}], "authority_name": "", "parts": ["locations"],
        "held_back": ["content"], "locations": [], "assessments": [], "contents": [], "contents_missing": 0,
    } | more  # fmt: skip


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_cover_is_the_same_bytes_each_time_and_another_for_another_referral(language):
    made = cover(frozen(language))
    assert made.startswith(b"%PDF")
    assert made == cover(frozen(language))
    assert made != cover(frozen(language, note="Another"))


def test_whatever_stands_in_a_note_the_cover_is_made():
    for note in ("<b>&amp;", "</para><img src='x'/>", "Лаборатория 東京 \U0001f600", "\x00\x1b[31m\u202e", "x" * 4000):
        assert cover(frozen(note=note, **{"from": {"name": note[:200], "contact": note[:50], "country": "GB"}}))


def test_both_languages_have_the_same_sentences_with_the_same_values():
    import re

    english, french = words("en").known, words("fr").known
    assert set(english) == set(french)
    for key in english:
        assert set(re.findall(r"{(\w*)}", english[key])) == set(re.findall(r"{(\w*)}", french[key])), key
        assert "!" not in english[key] + french[key]
    needed = {f"{name}.{part.value}" for name in ("part", "held") for part in Part}
    needed |= {f"class.{one.value}" for one in RecipientClass}
    assert needed <= set(english)


def test_a_vics_case_writes_numbers_of_the_profile_alone_and_nothing_it_cannot_know():
    case = vicscase.Case(name="R-1", organization="Forum", contact="", updated=utc_now(), version="1")
    media = [
        vicscase.Media(md5=MD5, file="content/0001.jpg", category=Category(scheme=scheme, code=code))
        for scheme, code in (("vic-us", "1"), ("vic-us", "0"), ("uk-abc", "B"))
    ]  # fmt: skip
    out = io.BytesIO()
    assert vicscase.write(case, media, out) == 3
    document = json.loads(out.getvalue())
    assert document["@odata.context"].endswith("/2.0.xml/US/$metadata#Cases")
    rows = document["value"][0]["Media"]
    assert [row["Category"] for row in rows] == [1, None, None]
    assert rows[0]["RelativeFilePath"] == "content\\0001.jpg"
    assert "MediaMetadata" not in rows[0]
    assert rows[2]["MediaMetadata"][0]["PropertyValue"] == "uk-abc:B"
    assert {"VictimIdentified", "OffenderIdentified", "IsDistributed"} & set(rows[0]) == set()
    again = io.BytesIO()
    vicscase.write(case, media, again)
    assert again.getvalue() == out.getvalue()


def test_the_rows_that_are_asked_for_by_name_are_there():
    assert find("uk-nca").regime == "uk-nca"
    assert find("") is None


def test_a_cover_with_as_much_as_there_can_be_is_made():
    to = [{"name": f"{n} " + "Office " * 28, "class": "police", "country": "GB"} for n in range(20)]
    place = {
        "place": 1, "address": "https://forum.example/" + "x" * 8000, "service": "forum", "stands": "block",
        "first_seen": "2026-11-22T21:04:05.000Z",
    }  # fmt: skip
    answer = {
        "by": "p-1", "at": "2026-11-22T21:04:05.000Z", "decisions": ["remove", "refer"], "scheme": "s", "code": "c",
        "image_kind": None, "confidence": "unsure",
    }  # fmt: skip
    made = cover(
        frozen(
            to=to, parts=[part.value for part in Part], held_back=[], locations=[place] * 500, danger=True,
            assessments=[answer] * 20, contents=[{}] * 500, contents_missing=3, signals=[], accounts=[{}],
        )
    )  # fmt: skip
    assert len(made) > 10_000
