"""Letters about notices: every kind, in every language, for grown-ups and for children, however a notice stands."""

import json
import re
from importlib import resources
from string import Formatter

import pytest

from actors import NOON
from rempart.clock import iso
from rempart.deadlines.regimes import Element
from rempart.evidence.vault import HeldKeys
from rempart.intake.notices.letters import LANGUAGES, LetterKind, Sender, compose, texts
from rempart.intake.notices.records.locations import LocationRow
from rempart.intake.notices.records.notices import NoticeRow
from rempart.intake.notices.values import LocationState
from rempart.intake.notices.writing import Writer
from rempart.lists.schemes import built_in
from vaults import key_text

PICTURE = "https://forum.example/photos/17?size=large"
PAGE = "https://forum.example/notice/follow"
ADULT = Sender(page=PAGE, help={"en": ["StopNCII: x"], "fr": ["En avant toutes : x"]}, regulator={"fr": "Arcom"})
CHILD = Sender(page=PAGE, help={"en": ["Take It Down: x"], "fr": ["3018 : x"]})
WRITER = Writer(sender=ADULT, for_children=CHILD, keyring=HeldKeys(key_text()))


def notice(**more):
    regimes = {
        "own": {"valid_at": iso(NOON), "missing": [], "barred": False},
        "us-tida": {"valid_at": None, "missing": ["signature", "contact"], "barred": False},
        "eu-dsa": {"valid_at": iso(NOON), "missing": [], "barred": False},
        "fr-lcen": {"valid_at": None, "missing": [], "barred": True},
    }
    values = dict.fromkeys(NoticeRow.__slots__) | {
        "id": "notice_1", "number": "C4R4-DYN9", "service": "forum", "received": NOON, "due": NOON, "language": "en",
        "track": "adult", "regimes": regimes, "state": "decided", "complaint_until": NOON, "insider": False,
    }  # fmt: skip
    return NoticeRow(**values | more)


def place(number, state, why=None):
    values = dict.fromkeys(LocationRow.__slots__) | {
        "id": f"loc_{number}", "notice": "notice_1", "place": number, "url": PICTURE, "note": "below the fence",
        "state": state.value, "why": why, "removed_at": NOON if state is LocationState.REMOVED else None,
    }  # fmt: skip
    return LocationRow(**values)


EVERY = [place(number, state, "consent") for number, state in enumerate(LocationState, start=1)]


@pytest.mark.parametrize("track", ["adult", "child"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", LetterKind)
def test_every_letter_is_whole_neutral_and_names_no_picture(kind, language, track):
    row = notice(language=language, track=track)
    letter = compose(kind, row, EVERY, sender=WRITER.sender_for(track), at=NOON)
    said = f"{letter.subject}\n{letter.text}"
    assert letter.language == language
    assert not re.search(r"[{}]|None|\n\n\n|^\s|\s$", said)
    assert "photos" not in said
    assert "fence" not in said
    assert letter.subject == texts(language)[kind.value]["subject"].format(number=row.number)
    assert not re.search(r"intimate|picture|photo|image|notice|report|remov|intime|signal|retir", letter.subject, re.I)
    own, other = (CHILD, ADULT) if track == "child" else (ADULT, CHILD)
    assert own.help[language][0] in letter.text
    assert other.help[language][0] not in letter.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_with_nothing_that_may_be_left_out_has_no_hole(language):
    bare = notice(language=language, regimes={}, complaint_until=None)
    for kind in LetterKind:
        letter = compose(kind, bare, [], sender=Sender(page=PAGE), at=NOON)
        assert not re.search(r"[{}]|\n\n\n|^\s|\s$|:\n\n", letter.text), kind
        assert texts(language)["help"]["heading"] not in letter.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_decisions_tell_how_each_place_stands_why_and_what_to_do(language):
    words = texts(language)
    letter = compose(LetterKind.KEPT, notice(language=language), EVERY, sender=ADULT, at=NOON)
    for one in EVERY:
        assert words["line"][one.state].split("{when}")[0].format(place=one.place) in letter.text
    assert words["why"]["consent"] in letter.text
    assert words["redress"]["outside"] in letter.text
    assert PAGE in letter.text
    assert ("Arcom" in letter.text) is (language == "fr")


def test_the_acknowledgement_tells_which_law_lacks_what_and_hides_those_that_do_not_matter():
    letter = compose(LetterKind.ACKNOWLEDGEMENT, notice(), EVERY, sender=ADULT, at=NOON)
    lines = [line for line in letter.text.split("\n") if "TAKE IT DOWN" in line]
    assert lines == [line for line in lines if "a signature (a typed name)" in line and "a way to reach you" in line]
    assert len(lines) == 1
    assert "LCEN" not in letter.text
    assert "Digital Services Act: applies" in letter.text


def test_every_reason_that_reviewers_may_give_and_every_state_and_element_has_its_words():
    reasons = {one.code for one in built_in()["intimate"].codes if one.code in texts("en")["why"]}
    assert {"not_subject", "consent", "not_intimate", "not_found"} <= reasons
    for language in LANGUAGES:
        words = texts(language)
        assert set(words["line"]) == set(LocationState)
        assert set(words["element"]) == set(Element)
        assert set(LetterKind) <= words.keys()


def test_both_languages_say_the_same_things():
    folder = resources.files("rempart.intake.notices") / "lettertexts"
    english, french = (json.loads((folder / f"{name}.json").read_text("utf-8")) for name in LANGUAGES)
    assert english.keys() == french.keys()
    for part in english:
        assert english[part].keys() == french[part].keys(), part
        for name in english[part]:
            assert _asked(english[part][name]) == _asked(french[part][name]), f"{part}.{name}"


def _asked(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_dates_in_one_letter_are_written_in_one_way_and_a_removal_has_its_hour():
    row = notice()
    removed = compose(LetterKind.REMOVED, row, [place(1, LocationState.REMOVED)], sender=ADULT, at=NOON).text
    day = "1 March 2026"
    assert f"removed from this service on {day}, 12:00 UTC." in removed
    assert removed.count(day) == 2
    kept = compose(LetterKind.KEPT, row, [place(1, LocationState.KEPT)], sender=ADULT, at=NOON).text
    assert f"complain until {day}," in kept


def test_a_letter_speaks_of_a_complaint_only_where_something_may_stay():
    def said(kind, *states):
        places = [place(number, state) for number, state in enumerate(states, start=1)]
        return "you can complain until" in compose(kind, notice(), places, sender=ADULT, at=NOON).text

    removed, kept = LocationState.REMOVED, LocationState.KEPT
    assert not said(LetterKind.REMOVED, removed)
    assert not said(LetterKind.COMPLAINT_UPHELD, removed, removed)
    assert said(LetterKind.COMPLAINT_UPHELD, removed, kept)
    assert said(LetterKind.KEPT, kept)
    assert said(LetterKind.KEPT, LocationState.WAITING), "as the preview before a decision"
