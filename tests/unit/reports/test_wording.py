"""What a statement says: every element of Article 17, in both languages, and nothing that tells of others."""

import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.errors import RefusedError
from rempart.reports.reasons.dsa.payload import payload
from rempart.reports.reasons.dsa.rules import problems
from rempart.reports.reasons.grounds import Grounds, read_grounds
from rempart.reports.reasons.values import Automation, Circumstances, Source, What
from rempart.reports.reasons.wording import Operator, lifted_document, restriction_document, texts

AT = datetime(2026, 3, 1, 12, 34, tzinfo=UTC)
OPERATOR = Operator(
    name="A small forum", complaints="https://forum.example/complaints", disputes="A board, board.example",
    courts="the courts of Rennes", terms="https://forum.example/terms", countries=("FR", "DE"),
)  # fmt: skip
CHILD = ("uk-abc", "B")
GROUNDS = Grounds()


def found(what=What.REMOVED, **more):
    values = {
        "what": what, "at": AT, "source": Source.OWN_INITIATIVE, "detection": True, "decision": Automation.FULLY
    }  # fmt: skip
    return Circumstances(**(values | more))


def told(one, operator=OPERATOR):
    return restriction_document(one, ground=GROUNDS.of(one), operator=operator, reason="reason_1", about=None)


@pytest.mark.parametrize(
    ("language", "parts"),
    [
        (
            "en",
            ["removed", "FR, DE", "Since: 2026-03-01 12:34 UTC", "without an end", "Ground: The terms", "do not allow",
             "automated examination", "own initiative", "Automated means were used to find", "made by automated means",
             "A match is not a finding about you", "forum.example/complaints", "board.example", "courts of Rennes",
             "forum.example/terms", "A small forum", "reason_1"],
        ),
        (
            "fr",
            ["retiré", "FR, DE", "Depuis : 2026-03-01 12:34 UTC", "sans fin", "Fondement : Les conditions",
             "n’autorisent pas", "examen automatisé", "propre initiative", "Des moyens automatisés ont été utilisés",
             "prise par des moyens automatisés", "Une concordance ne dit rien de vous", "forum.example/complaints",
             "board.example", "courts of Rennes", "forum.example/terms", "A small forum", "reason_1"],
        ),
    ],
)  # fmt: skip
def test_a_statement_has_every_element(language, parts):
    text = told(found())["text"][language]
    assert [part for part in parts if part not in text] == []
    assert "<" not in text
    assert "{" not in text


def test_without_settings_a_statement_still_says_where_to_turn():
    text = told(found(), Operator())["text"]["en"]
    assert "complain to the service" in text
    assert "Article 21" in text
    assert "You may go to court at any time." in text
    assert "wherever the service is offered" in text


def test_what_is_held_is_told_in_the_same_words_whatever_the_cause():
    plain = told(found(What.HELD))
    listed = told(found(What.HELD, categories=(CHILD,), child=True, media_type="image/png"))
    assert plain == listed
    assert "until it has been examined" in plain["text"]["en"]


@pytest.mark.parametrize("decision", list(Automation))
@pytest.mark.parametrize("source", list(Source))
@pytest.mark.parametrize("detection", [True, False])
def test_what_protects_minors_is_told_in_the_same_words_however_it_came_to_notice(source, detection, decision):
    one = found(categories=(CHILD,), source=source, detection=detection, decision=decision)
    other = found(categories=(CHILD,), decision=decision)
    assert told(one) == told(other)
    said = set(re.findall(r"\w+", " ".join(told(one)["text"].values()).lower()))
    assert said & {"list", "lists", "entry", "notice", "liste", "entrée", "signalé", "signalement", "hash"} == set()


def test_a_child_safety_matter_without_a_category_is_one_too():
    document = told(found(child=True, source=Source.NOTICE, decision=Automation.NONE))
    assert document["source"] is None
    assert document["automated"] == {"detection": None, "decision": "people"}


def test_of_several_categories_the_one_that_protects_minors_counts():
    assert GROUNDS.of(found(categories=(("listed", "listed"), CHILD))).child


def test_the_same_words_are_there_in_both_languages():
    assert texts("en").keys() == texts("fr").keys()
    for name, text in texts("en").items():
        braces = sorted(part.split("}")[0] for part in text.split("{")[1:])
        assert braces == sorted(part.split("}")[0] for part in texts("fr")[name].split("{")[1:]), name
        assert "!" not in text + texts("fr")[name]


def test_a_lifted_restriction_names_the_statement_that_told_of_it():
    document = lifted_document(operator=OPERATOR, at=AT, reason="reason_2", about="reason_1", since=AT)
    assert "reason_1" in document["text"]["fr"]
    assert "levée" in document["text"]["fr"]


@pytest.mark.parametrize(
    ("told_", "known"),
    [
        ("fr", "fr"),
        ("fr-CA", "fr"),
        ("FR_ca", "fr"),
        ("en-GB", "en"),
        ("de", "en"),
        (None, "en"),
        (7, "en"),
        (True, "en"),
    ],
)
def test_the_language_is_the_uploaders_or_the_default(told_, known):
    assert OPERATOR.language_of(told_) == known


@given(
    what=st.sampled_from(What), source=st.sampled_from(Source), detection=st.booleans(),
    decision=st.sampled_from(Automation), child=st.booleans(), synthetic=st.booleans(),
    media=st.sampled_from([None, "image/jpeg", "video/mp4", "application/zip", ""]),
    category=st.sampled_from([None, CHILD, ("vic-us", "2"), ("listed", "listed"), ("own", "x")]),
    posted=st.sampled_from([None, AT, datetime(1970, 1, 1, tzinfo=UTC)]),
)  # fmt: skip
def test_every_payload_that_is_made_keeps_every_rule(
    what, source, detection, decision, child, synthetic, media, category, posted
):
    one = found(
        what, source=source, detection=detection, decision=decision, child=child, synthetic=synthetic,
        media_type=media, posted=posted, categories=(category,) if category else (),
    )  # fmt: skip
    made = payload(one, ground=GROUNDS.of(one), operator=OPERATOR, puid="r-1")
    assert problems(made) == {}
    told(one)


OWN = {
    "id": "own", "categories": ["own:x"], "kind": "illegal", "child": False,
    "reference": {"en": "Our law", "fr": "Notre loi"}, "why": {"en": "So", "fr": "Ainsi"},
    "category": "STATEMENT_CATEGORY_CYBER_VIOLENCE_AGAINST_WOMEN", "keywords": ["KEYWORD_SOMETHING"],
    "synthetic_keywords": [],
}  # fmt: skip


def test_an_operator_adds_grounds_and_replaces_those_that_are_there(tmp_path):
    file = tmp_path / "grounds.json"
    file.write_text(json.dumps([OWN, OWN | {"id": "terms", "categories": []}]))
    grounds = Grounds(read_grounds(file))
    assert grounds.of(found(categories=(("own", "x"),))).reference["fr"] == "Notre loi"
    assert grounds.of(found()).reference["en"] == "Our law"
    assert grounds.of(found(categories=(CHILD,))).child


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"category": "STATEMENT_CATEGORY_X"}, "no category"),
        ({"keywords": ["KEYWORD_IMAGE_BASED_SEXUAL_ABUSE"]}, "no keyword"),
        ({"keywords": "KEYWORD_X"}, "list of texts"),
        ({"categories": ["own"]}, "scheme:code"),
        ({"kind": "other"}, "illegal or terms"),
        ({"child": 1}, "true or false"),
        ({"reference": {"en": "x"}}, "in each of"),
        ({"why": {"en": "x", "fr": ""}}, "in each of"),
        ({"why": {"en": "x" * 2001, "fr": "x"}}, "2000"),
        ({"id": ""}, "1 to 40"),
        ({"more": 1}, "keys"),
    ],
)
def test_a_ground_that_is_wrong_is_refused_with_its_place(tmp_path, change, why):
    file = tmp_path / "grounds.json"
    file.write_text(json.dumps([OWN, OWN | change]))
    with pytest.raises(RefusedError, match="ground 2") as caught:
        read_grounds(file)
    assert why in str(caught.value)


@pytest.mark.parametrize("text", ["", "[", "{}", "[1]", "[" * 20_000])
def test_a_file_that_holds_no_grounds_is_refused(tmp_path, text):
    file = tmp_path / "grounds.json"
    file.write_text(text)
    with pytest.raises(RefusedError):
        read_grounds(file)
