"""Each rule of the transparency database has a payload that keeps it and payloads that break it alone."""

import json

import pytest

from filings import FULL, ILLEGAL, TERMS
from rempart.reports.reasons.dsa.rules import BY_NAME, FIELDS, problems

GONE = object()
REQUIRED = [
    "puid", "decision_ground", "content_type", "category", "content_date", "application_date", "decision_facts",
    "source_type", "automated_detection", "automated_decision",
]  # fmt: skip
TEXTS = {
    "decision_visibility_other": 500, "decision_monetary_other": 500, "illegal_content_legal_ground": 500,
    "illegal_content_explanation": 2000, "content_type_other": 500, "category_specification_other": 500,
    "decision_facts": 5000,
}  # fmt: skip
WORDS = [
    "decision_monetary", "decision_provision", "decision_account", "account_type", "decision_ground", "category",
    "source_type", "automated_detection", "automated_decision",
]  # fmt: skip
LISTS = ["decision_visibility", "content_type", "category_addition", "category_specification", "territorial_scope"]
DAYS = ["content_date", "application_date", *(name for name in FULL if name.startswith("end_date_"))]
BREAKS = [
    *((FULL, name, GONE, "is required") for name in REQUIRED),
    *((FULL, name, None, "is required") for name in REQUIRED),
    *((FULL, name, "x" * (most + 1), f"at most {most} characters") for name, most in TEXTS.items()),
    *((FULL, name, 7, "is a text") for name in TEXTS),
    *((FULL, name, "SOMETHING_ELSE", "none of the words") for name in WORDS),
    *((FULL, name, ["SOMETHING_ELSE"], "word that is not known") for name in LISTS),
    *((FULL, name, [7], "word that is not known") for name in LISTS),
    *((FULL, name, "FR", "is a list") for name in LISTS if name != "decision_visibility"),
    *((FULL, name, "1.3.2026", "YYYY-MM-DD") for name in DAYS),
    *((FULL, name, "2026-02-30", "no day of the calendar") for name in DAYS),
    *((FULL, name, "2026-03-01T00:00", "YYYY-MM-DD") for name in DAYS),
    (FULL, "content_date", "1999-12-31", "between 2000 and 2038"),
    (FULL, "content_date", "2039-01-01", "between 2000 and 2038"),
    (FULL, "application_date", "2019-12-31", "between 2020 and 2038"),
    (FULL, "application_date", "2039-01-01", "between 2020 and 2038"),
    (FULL, "puid", "a b", "letters, digits"),
    (FULL, "puid", "a\n", "letters, digits"),
    (FULL, "puid", "é", "letters, digits"),
    (FULL, "puid", "a" * 501, "at most 500"),
    (ILLEGAL, "decision_visibility", GONE, "all empty"),
    (ILLEGAL, "decision_visibility", [], "all empty"),
    (FULL, "decision_visibility_other", GONE, "required with DECISION_VISIBILITY_OTHER"),
    (FULL, "decision_monetary_other", GONE, "required with DECISION_MONETARY_OTHER"),
    (FULL, "content_type_other", GONE, "required with CONTENT_TYPE_OTHER"),
    (ILLEGAL, "decision_visibility_other", "x", "goes with DECISION_VISIBILITY_OTHER alone"),
    (ILLEGAL, "content_type_other", "x", "goes with CONTENT_TYPE_OTHER alone"),
    (ILLEGAL, "illegal_content_legal_ground", GONE, "required with DECISION_GROUND_ILLEGAL"),
    (ILLEGAL, "illegal_content_explanation", GONE, "required with DECISION_GROUND_ILLEGAL"),
    (ILLEGAL, "incompatible_content_ground", "x", "goes with DECISION_GROUND_INCOMPATIBLE"),
    (ILLEGAL, "incompatible_content_explanation", "x", "goes with DECISION_GROUND_INCOMPATIBLE"),
    (ILLEGAL, "incompatible_content_illegal", "No", "goes with DECISION_GROUND_INCOMPATIBLE"),
    (TERMS, "incompatible_content_ground", GONE, "required with DECISION_GROUND_INCOMPATIBLE"),
    (TERMS, "incompatible_content_explanation", GONE, "required with DECISION_GROUND_INCOMPATIBLE"),
    (TERMS, "incompatible_content_ground", "x" * 501, "at most 500"),
    (TERMS, "incompatible_content_explanation", "x" * 2001, "at most 2000"),
    (TERMS, "incompatible_content_illegal", "Perhaps", "none of the words"),
    (TERMS, "illegal_content_legal_ground", "x", "goes with DECISION_GROUND_ILLEGAL"),
    (TERMS, "illegal_content_explanation", "x", "goes with DECISION_GROUND_ILLEGAL"),
    (FULL, "category", "STATEMENT_CATEGORY_PORNOGRAPHY_OR_SEXUALIZED_CONTENT", "none of the words"),
    (FULL, "category", "STATEMENT_CATEGORY_NON_CONSENSUAL_BEHAVIOUR", "none of the words"),
    (FULL, "category_specification", ["KEYWORD_IMAGE_BASED_SEXUAL_ABUSE"], "not known"),
    (FULL, "category_specification", ["KEYWORD_GENDER_BASED_VIOLENCE"], "not known"),
    (FULL, "category_specification", ["KEYWORD_NON_CONSENSUAL_ITEMS_DEEPFAKE"], "not known"),
    (FULL, "territorial_scope", ["FR", "FR"], "twice"),
    (FULL, "territorial_scope", ["US"], "not known"),
    (FULL, "content_language", "fr", "two capital letters"),
    (FULL, "decision_ground_reference_url", "law.example", "web address"),
    (FULL, "decision_ground_reference_url", "javascript:x", "web address"),
    (FULL, "decision_ground_reference_url", "https://law.example/" + "x" * 500, "at most 500"),
    (FULL, "content_id", {"EAN-13": "12345"}, "13 digits"),
    (FULL, "content_id", {"EAN": "4006381333931"}, "13 digits"),
    (FULL, "content_id", "4006381333931", "13 digits"),
    (FULL, "source_identity", "Somebody", "nobody is named"),
    (FULL, "uploader", "somebody", "is not known"),
]

DEPENDS = {
    "decision_visibility": {"decision_monetary", "decision_provision", "decision_account"},
    "decision_ground": {"illegal_content_legal_ground", "illegal_content_explanation"},
}


@pytest.mark.parametrize("good", [ILLEGAL, TERMS, FULL], ids=["illegal", "terms", "full"])
def test_a_payload_that_keeps_every_rule_is_fine(good):
    assert problems(good) == {}
    assert problems(json.loads(json.dumps(good))) == {}


@pytest.mark.parametrize(
    ("good", "name", "value", "why"), BREAKS, ids=[f"{one[1]}-{place}" for place, one in enumerate(BREAKS)]
)
def test_a_payload_that_breaks_one_rule_is_refused_with_the_field_and_the_reason(good, name, value, why):
    broken = {key: one for key, one in good.items() if key != name} | ({} if value is GONE else {name: value})
    found = problems(broken)
    assert any(why in text for text in found[name]), found
    # What depends on that very field may be wrong with it; nothing else is.
    depends = {name} | {one for one in BY_NAME if one.startswith(name)} | DEPENDS.get(name, set())
    assert found.keys() - depends == set()


def test_every_field_that_is_known_has_a_payload_that_breaks_it():
    assert {one[1] for one in BREAKS} - {"uploader"} == BY_NAME.keys()
    assert len(FIELDS) == len(BY_NAME) == 35


def test_one_of_the_four_kinds_of_decision_is_enough():
    rest = {name: value for name, value in ILLEGAL.items() if name != "decision_visibility"}
    for name in ("decision_monetary", "decision_provision", "decision_account"):
        told = rest | {name: FULL[name]} | ({"decision_monetary_other": "x"} if name == "decision_monetary" else {})
        assert problems(told) == {}
