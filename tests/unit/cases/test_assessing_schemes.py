"""Category schemes that people choose from: those that come along, and the operator's own, as data."""

import json

import pytest

from rempart.cases.assessing.schemes import check, in_use, readable
from rempart.cases.work.settings import WorkRules
from rempart.errors import RefusedError, SchemeUnknownError
from rempart.lists.entry import Category
from rempart.lists.schemes import built_in

OWN = {
    "id": "our-hotline", "version": "1", "country": "FR",
    "codes": [
        {"code": "1", "label": "Illegal", "labels": {"fr": "Illégal"}, "severity_rank": 2, "legal_status": "illegal"},
        {"code": "9", "label": "Other", "severity_rank": 0, "legal_status": "benign", "labels": "nonsense"},
    ],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "our-hotline.json").write_text(json.dumps(OWN))
    return tmp_path


def test_what_a_team_has_in_use_by_default_comes_along_with_labels_in_both_languages():
    schemes = in_use(WorkRules().schemes)
    assert tuple(schemes) == ("uk-abc", "iccam", "ncmec-industry", "vic-us", "intimate")
    for choice in schemes.values():
        for code in choice.codes:
            assert choice.label(code.code, "en") == code.label
            assert choice.label(code.code, "fr") != code.label
        assert [code.severity_rank for code in choice.codes] == sorted(
            (code.severity_rank for code in choice.codes), reverse=True
        )


def test_every_built_in_code_has_a_french_label():
    for choice in in_use(tuple(built_in())).values():
        assert set(choice.labels["fr"]) == {code.code for code in choice.codes}


def test_ones_own_scheme_is_a_file_with_labels_where_it_has_some(folder):
    choice = in_use(["our-hotline"], folder=folder)["our-hotline"]
    assert choice.own
    assert (choice.label("1", "fr"), choice.label("1", "en"), choice.label("9", "fr")) == (
        "Illégal",
        "Illegal",
        "Other",
    )
    assert choice.label("77", "fr") == "77"


@pytest.mark.parametrize("name", ["none-such", "../our-hotline"])
def test_a_scheme_that_is_not_there_is_named(folder, name):
    with pytest.raises(SchemeUnknownError):
        in_use([name], folder=folder / "deeper")
    assert tuple(readable([name, "uk-abc"], folder=folder / "deeper")) == ("uk-abc",)


def test_a_file_of_another_scheme_is_told(folder):
    (folder / "other.json").write_text(json.dumps(OWN))
    with pytest.raises(SchemeUnknownError, match="another scheme"):
        in_use(["other"], folder=folder)


@pytest.mark.parametrize(
    ("category", "words"),
    [
        (Category(scheme="vic-us", code="1"), "not in use"),
        (Category(scheme="uk-abc", code="1"), "no code"),  # an alias for files, not for people
        (Category(scheme="uk-abc", code="Z"), "Choose from A, B, C"),
    ],
)
def test_a_category_that_nobody_can_choose_is_refused(category, words):
    with pytest.raises(RefusedError) as caught:
        check(category, in_use(["uk-abc"]))
    assert words in f"{caught.value.message} {caught.value.hint}"


def test_lists_do_not_take_categories_of_ones_own_scheme(folder):
    schemes = in_use(["our-hotline", "uk-abc"], folder=folder)
    own = Category(scheme="our-hotline", code="1")
    check(own, schemes)
    check(None, schemes, for_list=True)
    check(Category(scheme="uk-abc", code="B"), schemes, for_list=True)
    with pytest.raises(RefusedError, match="your own scheme"):
        check(own, schemes, for_list=True)
