"""Category schemes: what a code means, and so what a lookup does."""

import json
from datetime import UTC, datetime

import pytest

from listfiles import entry
from rempart.errors import SchemeUnknownError
from rempart.lists.entry import Category, Disposition, Opinion
from rempart.lists.schemes import built_in, disposition, load_scheme, parse_scheme
from rempart.signals.values import Md5

SIGNAL = Md5(bytes(16))
WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def state_of(scheme, code, **more):
    category = Category(scheme=scheme, code=code) if scheme else None
    return disposition(entry("e", SIGNAL, category=category, **more), built_in())


def test_the_schemes_whose_codes_are_known_are_there_and_no_others():
    assert set(built_in()) == {
        "vic-us",
        "dhs-old",
        "uk-abc",
        "interpol-baseline",
        "iccam",
        "ncmec-industry",
        "listed",
        "known-good",
        "intimate",
    }


@pytest.mark.parametrize(
    ("scheme", "code", "state"),
    [
        ("vic-us", "0", Disposition.KNOWN_GOOD),
        ("vic-us", "1", Disposition.MATCH),
        ("vic-us", "2", Disposition.MATCH),
        ("vic-us", "3", Disposition.MATCH),
        ("vic-us", "4", Disposition.EXEMPLAR),
        ("dhs-old", "0", Disposition.UNCATEGORISED),
        ("dhs-old", "1", Disposition.MATCH),
        ("dhs-old", "4", Disposition.EXEMPLAR),
        ("dhs-old", "5", Disposition.KNOWN_GOOD),
        ("uk-abc", "A", Disposition.MATCH),
        ("uk-abc", "C", Disposition.MATCH),
        ("interpol-baseline", "yes", Disposition.MATCH),
        ("ncmec-industry", "B2", Disposition.MATCH),
        ("iccam", "baseline", Disposition.MATCH),
        ("listed", "listed", Disposition.MATCH),
        ("known-good", "known", Disposition.KNOWN_GOOD),
        (None, None, Disposition.UNCATEGORISED),
    ],
)
def test_a_code_says_what_a_lookup_does(scheme, code, state):
    assert state_of(scheme, code) is state


def test_the_same_number_means_innocent_in_one_scheme_and_illegal_in_another():
    assert state_of("vic-us", "4") is Disposition.EXEMPLAR
    assert built_in()["dhs-old"].find("5").legal_status == "benign"
    assert built_in()["vic-us"].find("5") is None


def test_withdrawn_outranks_negative_and_negative_outranks_the_category():
    assert state_of("vic-us", "1", opinion=Opinion.NEGATIVE) is Disposition.NEGATIVE
    assert state_of("vic-us", "1", opinion=Opinion.NEGATIVE, withdrawn=WHEN) is Disposition.WITHDRAWN


@pytest.mark.parametrize("opinion", [Opinion.SEED, Opinion.DISPUTED, Opinion.POSITIVE])
def test_seeds_and_disputed_entries_match_and_say_so(opinion):
    assert state_of("vic-us", "1", opinion=opinion) is Disposition.MATCH


def test_an_unknown_code_or_scheme_is_an_error_not_a_guess():
    with pytest.raises(SchemeUnknownError, match="no code '9'"):
        state_of("vic-us", "9")
    with pytest.raises(SchemeUnknownError, match="no category scheme 'vic-canada'"):
        state_of("vic-canada", "1")


def own(**changes):
    codes = [{"code": "1", "label": "x", "severity_rank": 1, "legal_status": "illegal"}]
    return {"id": "mine", "version": "1", "country": "FR", "codes": codes} | changes


def test_a_users_own_scheme_is_loaded_from_its_file(tmp_path):
    file = tmp_path / "s.json"
    file.write_text("\ufeff" + json.dumps(own()), encoding="utf-8")
    assert load_scheme(str(file)).find("1").label == "x"


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([], "needs an object"),
        ({"id": "x"}, "needs an object with the keys"),
        (own(id="Ümlaut"), "lower-case"),
        (own(id=""), "lower-case"),
        (own(version=1), "'version' is text"),
        (own(codes=[]), "1 to 1000 codes"),
        (own(codes=["1"]), "code 1: is no object"),
        (own(codes=[{"code": 1}]), 'write "1", not 1'),
        (own(codes=[{"code": "1"}]), "'label' is text"),
        (own(codes=[{"code": "1", "label": "x", "severity_rank": True}]), "'severity_rank' is a whole number"),
        (
            own(codes=[{"code": "1", "label": "x", "severity_rank": 1, "legal_status": "bad"}]),
            "'legal_status' is one of illegal",
        ),
        (own(codes=own()["codes"] * 2), "stands there twice"),
        (own(codes=[own()["codes"][0] | {"aliases": "1"}]), "'aliases' is a list"),
    ],
)
def test_a_wrong_scheme_file_is_refused_saying_what_and_where(document, told):
    with pytest.raises(SchemeUnknownError) as refused:
        parse_scheme(document, where="s.json")
    assert told in str(refused.value)
    assert "s.json" in str(refused.value)


def test_a_scheme_that_is_not_there_names_the_choices(tmp_path):
    with pytest.raises(SchemeUnknownError, match="vic-us"):
        load_scheme("nonsense")
    with pytest.raises(SchemeUnknownError, match="could not be read"):
        load_scheme(str(tmp_path / "none.json"))
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(SchemeUnknownError, match="is not JSON"):
        load_scheme(str(tmp_path / "bad.json"))


def test_a_scheme_file_cannot_redefine_a_built_in_one(tmp_path):
    (tmp_path / "vic-us.json").write_text(json.dumps(own(id="vic-us")))
    with pytest.raises(SchemeUnknownError, match="built-in"):
        load_scheme(str(tmp_path / "vic-us.json"))


def test_integers_stand_for_uk_categories_only_by_their_aliases():
    uk = load_scheme("uk-abc")
    assert [uk.find(text).code for text in ("1", "2", "3", "a")] == ["A", "B", "C", "A"]
    assert uk.find("0") is None
    assert uk.find("4") is None
