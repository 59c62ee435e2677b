"""Canonical JSON, and what a leaf shows and hides."""

import hashlib
import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.errors import RefusedError
from rempart.evidence.ledger.canonical import canonical, parse
from rempart.evidence.ledger.leaves import Leaf, Opening, body_of, commit, sealed_names, time_text

KEYS = st.from_regex(r"[a-z0-9][a-z0-9_.:-]{0,10}", fullmatch=True)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(KEYS, inside, max_size=4),
    max_leaves=12,
)
AT = "2026-11-22T13:06:15.123456Z"


def body(leaf, at=AT):
    return body_of(leaf, at=at, at_salt=b"a" * 16, salts=b"".join(bytes([n]) * 16 for n in range(1, 9)))


@given(PLAIN)
def test_a_value_has_one_spelling_and_it_reads_back(value):
    spelled = canonical(value)
    assert parse(spelled) == value == json.loads(spelled)
    assert b"\n" not in spelled


def test_keys_stand_in_order_and_without_spaces():
    assert (
        canonical({"b": [1, None, True], "a": "é\n\u2028\x01"})
        == '{"a":"é\\n\u2028\\u0001","b":[1,null,true]}'.encode()
    )


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        2**53,
        -(2**53),
        {1: "a"},
        {"A": 1},
        {"é": 1},
        {"": 1},
        b"bytes",
        {"a": {1, 2}},
        "\ud800",
        Ellipsis,
    ],
    ids=repr,
)
def test_what_has_no_canonical_spelling_is_refused(value):
    with pytest.raises(RefusedError):
        canonical({"a": value} if not isinstance(value, dict) else value)


def test_nesting_without_end_is_refused():
    value: list = []
    value.append(value)
    with pytest.raises(RefusedError, match="nested deeper"):
        canonical(value)


@pytest.mark.parametrize(
    "data",
    [
        *(b'{"a": 1}', b'{"b":1,"a":2}', b'{"a":1,"a":1}', b'"\\u0041"'),
        *(b"1.0", b"1e2", b"NaN", b"[" * 100_000, b"9" * 5000, b"\xff", b""),
    ],
    ids=lambda data: repr(data[:20]),
)
def test_another_spelling_is_no_canonical_json(data):
    with pytest.raises(ValueError):
        parse(data)


def test_a_leaf_is_canonical_json_of_what_may_be_shown():
    leaf = Leaf(
        action="item.deleted",
        actor="svc-7",
        facts={"verdict": "allow"},
        sealed={"item_id": "photo 1"},
        subject="item:1",
    )
    told = parse(body(leaf))
    assert (told["action"], told["actor"], told["day"], told["facts"]) == (
        "item.deleted",
        "svc-7",
        "2026-11-22",
        {"verdict": "allow"},
    )
    assert sorted(told["sealed"]) == ["at", "item_id", "subject"]
    assert sealed_names(leaf) == ["item_id", "subject"]
    assert b"photo" not in body(leaf)
    assert b"13:06" not in body(leaf)


def test_a_commitment_is_what_the_documentation_says():
    data = b"rempart/commitment/v1\x00" + b"s" * 16 + b"item_id\x00t" + "é1".encode()
    assert b64decode(commit("item_id", b"s" * 16, "é1")) == hashlib.sha256(data).digest()


def test_a_commitment_opens_to_its_value_only():
    shown = commit("item_id", b"s" * 16, "photo-1")
    assert Opening(name="item_id", salt=b"s" * 16, value="photo-1").opens(shown)
    for name, salt, value in (
        ("item_id", b"s" * 16, "photo-2"),
        ("item_id", b"s" * 16, b"photo-1"),
        ("item_id", b"t" * 16, "photo-1"),
        ("url", b"s" * 16, "photo-1"),
    ):
        assert not Opening(name=name, salt=salt, value=value).opens(shown)
    with pytest.raises(ValueError, match="16 bytes"):
        commit("item_id", b"short", "photo-1")


@pytest.mark.parametrize(
    "fact",
    [
        "d" * 32,
        "sha256:" + "0A" * 32,
        "me@example.org",
        "https://example.org/1",
        "2026-11-22T13:06",
        {"deep": ["e" * 40]},
    ],
    ids=str,
)
def test_facts_that_look_like_what_must_be_sealed_are_refused(fact):
    with pytest.raises(RefusedError, match="looks like a digest, an address or a time"):
        body(Leaf(action="item.deleted", actor="svc", facts={"note": fact}))


@pytest.mark.parametrize(
    "leaf",
    [
        Leaf(action="Deleted", actor="svc"),
        Leaf(action="deleted", actor="svc"),
        Leaf(action="item.deleted", actor="svc", sealed={"at": "now"}),
        Leaf(action="item.deleted", actor="svc", sealed={"subject": "x"}),
        Leaf(action="item.deleted", actor="svc", sealed={'a":"': "x"}),
        Leaf(action="item.deleted", actor="svc", subject=""),
        Leaf(action="item.deleted", actor="svc", subject="two\nlines"),
        Leaf(action="item.deleted", actor="svc", facts={"score": 0.5}),
    ],
    ids=str,
)
def test_a_leaf_that_cannot_be_written_is_refused(leaf):
    with pytest.raises(RefusedError):
        body(leaf)


def test_times_are_utc_with_microseconds():
    assert time_text(datetime(2026, 11, 22, 1, 0, tzinfo=timezone(timedelta(hours=2)))) == "2026-11-21T23:00:00.000000Z"
    assert time_text(datetime(2026, 11, 22, tzinfo=UTC))[:10] == "2026-11-22"
    with pytest.raises(ValueError, match="without a zone"):
        time_text(datetime(2026, 11, 22))  # noqa: DTZ001
