"""What a worker tells of an origin fits beside the signals, and is believed as far as its form goes."""

import json
from dataclasses import replace

import pytest

from rempart.provenance.carried import packed, unpacked
from rempart.provenance.origin.values import (
    Credentials,
    CredentialState,
    Declaration,
    Ground,
    Origin,
    Place,
    Unread,
)
from rempart.signals.examine import MOST_BESIDE
from rempart.signals.frames import FrameError

SAID = Origin(
    declaration=Declaration.AI_MADE,
    grounds=(Ground(place=Place.C2PA, says=Declaration.AI_MADE, text="trainedAlgorithmicMedia é"),),
    credentials=Credentials(present=True, state=CredentialState.VALID, failures=("signingCredential.untrusted",)),
    generator="ComfyUI",
    has_prompt=True,
)


def test_an_origin_comes_back_as_it_was():
    assert unpacked(packed(SAID)) == SAID


def test_a_file_that_says_nothing_costs_no_text_and_is_not_the_same_as_nobody_having_looked():
    assert packed(Origin()) == ""
    assert unpacked("") == Origin()
    assert unpacked(None) is None


@pytest.mark.parametrize("letter", ["x", "é", '"', "\\", "雪", "𝄞"])
def test_what_says_more_than_fits_keeps_what_matters_and_says_that_there_was_more(letter):
    long = letter * 300
    rows = tuple((long, long) for _ in range(64))
    full = replace(
        SAID, fields=rows, source_types=(long,) * 64, generator=long,
        grounds=tuple(replace(SAID.grounds[0], text=long) for _ in range(64)),
        credentials=replace(SAID.credentials, failures=(long,) * 64, manifests=(long,) * 64, gate=rows, signer=long),
    )  # fmt: skip
    text = packed(full)
    assert len(text) <= MOST_BESIDE
    assert len(json.dumps({"beside": text})) < 100_000
    found = unpacked(text)
    assert (found.declaration, found.credentials.state, found.generator, found.has_prompt) == (
        full.declaration, full.credentials.state, full.generator, True,
    )  # fmt: skip
    assert Unread.STRUCTURE in found.unreadable


@pytest.mark.parametrize("text", ["[]", "{", "null", '{"declaration":"none"}', "[" * 9_000, json.dumps({"x": 1})])
def test_nonsense_is_refused(text):
    with pytest.raises(FrameError):
        unpacked(text)
