"""Answers go round as one text and come back the same; addresses are found in what people paste; steps follow."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.server.pages.notice import addresses, steps
from rempart.server.pages.notice.answers import Answers, clean, read, size, taken, written
from rempart.server.pages.notice.steps import Step

TEXT = st.text(st.characters(codec=None), max_size=80)
SAID = st.fixed_dictionaries({}, optional={
    "language": st.sampled_from(["en", "fr", "de", ""]), "role": st.sampled_from(["self", "bystander", "nobody", ""]),
    "minor": st.sampled_from(["yes", "no", "unsure", "maybe"]), "where": TEXT, "note": TEXT, "explanation": TEXT,
    "intimate": st.sampled_from(["yes", "no", ""]), "insider": st.sampled_from(["yes", ""]), "name": TEXT,
    "contact": TEXT, "signature": TEXT, "signals": TEXT, "once": st.sampled_from(["0" * 32, "x", ""]),
})  # fmt: skip
PERSON = Answers(role="self", minor="no", where="https://example.org/1", once="0" * 32)


@settings(max_examples=40, deadline=None)
@given(SAID)
def test_what_was_answered_comes_back_the_same_from_its_text(said):
    answers = taken(Answers(), said)
    assert read(written(answers)) == answers
    assert read(written(answers).replace("\n", "\r\n")) == answers  # as browsers send it
    written(answers).encode()  # no half of a character is left


@settings(max_examples=40, deadline=None)
@given(TEXT)
def test_no_text_is_an_error_and_none_brings_what_a_form_could_not(text):
    answers = read(text)
    assert read(written(answers)) == answers


def test_an_answer_cannot_be_made_to_look_like_another():
    answers = taken(PERSON, {"explanation": "x\nrole: bystander\nonce: 1", "note": "a\nminor: yes"})
    assert read(written(answers)) == answers
    assert answers.role == "self"
    assert answers.note == "a minor: yes"


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", "a\x1bb", "a\u2028b"])
def test_what_nobody_types_is_a_blank(text):
    assert clean(text, lines=False) == "a b"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://example.org/p/1", ["https://example.org/p/1"]),
        ("  example.org/p/1 \n\n", ["https://example.org/p/1"]),
        ("HTTP://Example.org", ["HTTP://Example.org"]),
        ("Look at this: https://example.org/p/1.", ["https://example.org/p/1"]),
        ("https://example.org/a https://example.org/b", ["https://example.org/a", "https://example.org/b"]),
        ("https://example.org/a\nhttps://example.org/a", ["https://example.org/a"]),
        ("https://bücher.example/straße", ["https://bücher.example/straße"]),
        ("https://例え.テスト/画像", ["https://例え.テスト/画像"]),
        ("пример.испытание/фото", ["https://пример.испытание/фото"]),
        ("https://example.org/a\u202egpj.exe", ["https://example.org/a%E2%80%AEgpj.exe"]),
        ("https://[2001:db8::1]/x", ["https://[2001:db8::1]/x"]),
        ("https://example.org/" + "a" * 900, ["https://example.org/" + "a" * 900]),
    ],
)
def test_addresses_are_found_as_people_paste_them(text, found):
    seen = addresses.found(text)
    assert list(seen.addresses) == found
    assert seen.unread == ()
    assert addresses.found("\n".join(seen.addresses)) == seen


@pytest.mark.parametrize(
    "line",
    [
        "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "content://media/1", "https://",
        "the second one",
        "https://user:word@example.org/", "https://exa\u202emple.org/", "https://[::1", "https://example.org:99999/",
        "a@example.org", "12.50", "https://exam<ple>.org/", "//example.org/1", "ftp://example.org/1",
    ],
)  # fmt: skip
def test_what_is_no_address_is_told_and_not_guessed(line):
    assert addresses.found(line) == addresses.Found(addresses=(), unread=(line,))


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200))
def test_any_text_gives_addresses_that_are_printable_and_found_again(text):
    seen = addresses.found(clean(text, lines=True))
    assert all(one.isprintable() and one.lower().startswith(("http://", "https://")) for one in seen.addresses)
    assert addresses.found("\n".join(seen.addresses)).addresses == seen.addresses


def test_where_the_person_may_have_been_a_child_nothing_but_the_place_goes_on():
    whole = replace(
        PERSON, explanation="x", name="n", contact="c", signature="s", signals="t", intimate=True, synthetic="yes",
        note="second one", insider=True,
    )  # fmt: skip
    for minor in ("yes", "unsure"):
        kept = steps.answered(Step.AGE, whole, {"minor": minor})
        assert kept == replace(PERSON, minor=minor, note="second one", insider=True)
        assert steps.way(kept) == (Step.WHO, Step.AGE, Step.WHERE, Step.REVIEW)


def test_a_bystander_is_asked_for_the_place_alone():
    kept = steps.answered(Step.WHO, replace(PERSON, name="n"), {"role": "bystander"})
    assert kept.name == ""
    assert steps.way(kept) == (Step.WHO, Step.WHERE, Step.REVIEW)
    assert set(steps.asked(Step.WHERE, kept)) == {"where", "note", "insider", "minor"}


def test_each_step_leads_to_the_next_and_back():
    for answers in (PERSON, replace(PERSON, minor="yes"), Answers(role="bystander")):
        way = steps.way(answers)
        assert [steps.after(one, answers) for one in way] == [*way[1:], way[-1]]
        assert [steps.before(one, answers) for one in way] == [way[0], *way[:-1]]


def test_the_first_step_that_lacks_something_is_found():
    assert steps.wrong(PERSON) is None
    assert steps.wrong(Answers())[0] is Step.WHO
    assert steps.wrong(replace(PERSON, minor=""))[0] is Step.AGE
    assert steps.wrong(replace(PERSON, where="nowhere at all"))[0] is Step.WHERE
    assert steps.wrong(replace(PERSON, signals="made up"))[0] is Step.COPY
    assert steps.wrong(replace(PERSON, explanation="é" * 2_001))[0] is Step.WORDS


def test_a_long_film_is_thinned_evenly_to_what_a_form_holds():
    frames = [f"{n:064x} 100" for n in range(200)]
    text = "\n".join(["recipe srgb8-full-v1", "sha256 " + "0" * 64, *frames])
    answers = steps.answered(Step.COPY, replace(PERSON, where="\n".join(
        f"https://example.org/{n}/" + "a" * 370 for n in range(10))), {"signals": text})  # fmt: skip
    kept = answers.signals.split("\n")[2:]
    assert 50 < len(kept) < 200
    assert kept[0] == frames[0]
    assert int(kept[-1][:64], 16) >= 195
    assert steps.problems(Step.COPY, answers) == ()
    assert size(answers) + 3_000 <= 15_000
    assert steps.answered(Step.COPY, PERSON, {"signals": "\n".join(text.split("\n")[:100])}).signals.count("\n") == 99
