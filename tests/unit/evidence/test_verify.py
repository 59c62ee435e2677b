"""An export verifies, and each way of tampering with it is told by its name."""

import hashlib
import json
import os
import tracemalloc
from base64 import b64encode
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ledgers import Log
from rempart.errors import (
    ForeignFileError,
    LedgerChangedError,
    LedgerForkedError,
    LedgerIncompleteError,
    LedgerKeyError,
    LedgerRemovedError,
    LedgerReorderedError,
    RefusedError,
)
from rempart.evidence.ledger.canonical import canonical
from rempart.evidence.ledger.notes import Signer
from rempart.evidence.ledger.proof import check_proof, prove_from_export
from rempart.evidence.ledger.verify import verify

LONG = "REMPART_CAMPAIGN" in os.environ
SIZES = [0, 1, 3, 256, 257, 300]
KINDS = {
    "changed": LedgerChangedError,
    "removed": LedgerRemovedError,
    "reordered": LedgerReorderedError,
    "incomplete": LedgerIncompleteError,
}


class Made(NamedTuple):
    log: Log
    notes: dict
    exports: dict

    def __repr__(self):
        return "made"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A ledger that grew through several sizes: its key, the checkpoint of each size, and exports of both forms."""
    log = Log(tmp_path_factory.mktemp("ledger"))
    notes, exports, done = {}, {}, 0
    for size in SIZES:
        notes[size] = log.grow(size - done) if size > done else log.sequencer.checkpoint().note
        done = size
        for outsider in (False, True):
            exports[size, outsider] = log.export(outsider=outsider)
    yield Made(log, notes, exports)
    log.close()


@pytest.fixture
def checked(made, tmp_path):
    """Verify bytes as an export of that ledger."""
    path = tmp_path / "export.jsonl"

    def check(data, checkpoints=(), keys=None):
        path.write_bytes(data)
        return verify(path, keys=keys or [made[0].key], checkpoints=checkpoints)

    return check


@pytest.mark.parametrize("outsider", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_an_untouched_export_verifies(made, checked, size, outsider):
    log, notes, exports = made
    found = checked(exports[size, outsider])
    assert (found.size, found.origin, found.form) == (size, log.key.name, "outsider" if outsider else "full")
    assert found.unaltered_since is None
    assert notes[size].split("\n")[2] == b64encode(found.root).decode()


def test_earlier_checkpoints_show_that_history_was_not_rewritten(made, checked):
    _, notes, exports = made
    found = checked(exports[300, True], checkpoints=[notes[size] for size in SIZES])
    assert (found.unaltered_since, found.confirmed) == (300, tuple(SIZES))


def test_an_outsider_sees_no_time_no_subject_and_no_item(made):
    told = made[2][300, True].decode()
    assert "T" + "0" not in json.dumps([json.loads(line).get("body", {}).get("day") for line in told.splitlines()])
    for word in ("photo-", "someone-", "item:", "opens", "salt", (7).to_bytes(32, "big").hex()):
        assert word not in told
    full = made[2][300, False].decode()
    assert '"subject":{"salt"' in full
    assert "photo-" not in full


NUMBER = st.integers(0, 2**32)
TAMPERING = st.tuples(st.sampled_from(list(KINDS)), NUMBER, NUMBER, st.booleans())
EXPORT = st.tuples(st.sampled_from([3, 257, 300]), st.booleans())
QUIET = [HealthCheck.function_scoped_fixture]


@pytest.mark.parametrize("name", list(KINDS))
@given(which=EXPORT, one=NUMBER, other=NUMBER, way=st.booleans())
@settings(max_examples=5_000 if LONG else 60, deadline=None, suppress_health_check=QUIET)
def test_each_single_tampering_is_told_by_its_name(made, checked, name, which, one, other, way):
    tampered = _tamper(made[2][which], name, one, other, way)
    assume(tampered != made[2][which])
    with pytest.raises(KINDS[name]):
        checked(tampered)


@given(which=EXPORT, first=TAMPERING, second=TAMPERING)
@settings(max_examples=20_000 if LONG else 150, deadline=None, suppress_health_check=QUIET)
def test_two_tamperings_are_never_overlooked_and_named_after_one_of_them(made, checked, which, first, second):
    tampered = made[2][which]
    for one in sorted((first, second), key=lambda one: one[0] == "incomplete"):  # half a line is no line to move
        tampered = _tamper(tampered, *one)
    assume(tampered != made[2][which])
    with pytest.raises((*KINDS.values(), ForeignFileError)) as told:
        checked(tampered)
    names = {first[0], second[0]}
    if names in ({"reordered", "incomplete"}, {"reordered", "removed"}):
        # So it is when a line that was moved to the end is cut off there, or the last one moved and taken out.
        names |= {"removed", "incomplete"}
    if tampered.count(b"\n") > 3:  # of less, nothing can be told apart
        assert isinstance(told.value, tuple(KINDS[name] for name in names))


def _tamper(exported, name, one, other, way):
    """The export after one tampering of this name; as it is where there is nothing left to tamper with."""
    lines = exported.splitlines(keepends=True)
    if len(lines) < 3:
        return exported
    if name == "incomplete":
        return exported[: one % len(exported)]
    place, second = one % len(lines), other % len(lines)
    if name == "removed":
        place = one % (len(lines) - 1)  # with the last line it would be incomplete
        del lines[place : place + (1 if way else 1 + other % (len(lines) - 1 - place))]
    elif name == "reordered" and way:
        lines[place], lines[second] = lines[second], lines[place]
    elif name == "reordered":
        lines.insert(second, lines.pop(place))
    elif way:
        lines[place] = _changed_value(lines[place], other)
    else:
        return _changed_byte(exported, one, other)
    return b"".join(lines)


def _changed_byte(exported, one, other):
    place = one % (len(exported) - 1)
    byte = exported[place] ^ (1 + other % 255)
    if 10 in (byte, exported[place]):
        byte, place = exported[0] ^ 1, 0
    return exported[:place] + bytes([byte]) + exported[place + 1 :]


def _changed_value(line, choice):
    """The line with another value in it, spelled canonically, as somebody who knows the format would."""
    try:
        told = json.loads(line)
    except ValueError:
        return line[1:]
    if not isinstance(told, dict):
        return line[1:]
    inside, name = told, sorted(told)[choice % len(told)]
    while isinstance(inside[name], dict) and inside[name]:
        inside = inside[name]
        name = sorted(inside)[choice % len(inside)]
    value = inside[name]
    inside[name] = value + 1 if isinstance(value, int) else f"{value}x" if isinstance(value, str) else "x"
    return canonical(told) + b"\n"


def _rewritten(lines):
    """Lines with a last line that fits them, as somebody who knows the format would write it."""
    above = b"".join(lines[:-1])
    told = json.loads(lines[-1])
    told["digest"] = b64encode(hashlib.sha256(above).digest()).decode()
    return above + canonical(told) + b"\n"


def _renumbered(lines):
    """Leaves numbered anew in their order."""
    out, number = [], 0
    for line in lines:
        told = json.loads(line)
        if "leaf" in told:
            told["leaf"], number = number, number + 1
        out.append(canonical(told) + b"\n")
    return out


def _of_leaves(lines, tiles=True):
    """Tiles written anew after the leaves that now stand below them."""
    told = [json.loads(line) for line in lines]
    bodies = [one["body"] for one in told if "leaf" in one]
    hashes = [hashlib.sha256(b"\x00" + canonical(body)).digest() for body in bodies]
    for one in told:
        if tiles and "tile" in one:
            one["hashes"] = b64encode(b"".join(hashes[one["tile"] * 256 : one["tile"] * 256 + 256])).decode()
    return [canonical(one) + b"\n" for one in told]


class TestSomebodyWhoKnowsTheFormat:
    """Numbers, tiles and digest are made to fit; only the signature cannot be."""

    @pytest.fixture
    def lines(self, made):
        return made[2][300, True].splitlines(keepends=True)

    def test_changes_a_leaf(self, lines, checked):
        told = json.loads(lines[40])
        told["body"]["facts"]["verdict"] = "block"
        lines[40] = canonical(told) + b"\n"
        with pytest.raises(LedgerChangedError, match="leaf 38 is altered"):
            checked(_rewritten(lines))
        with pytest.raises(LedgerChangedError, match="root"):
            checked(_rewritten(_of_leaves(lines)))

    def test_removes_a_leaf_and_numbers_the_others_anew(self, lines, checked):
        del lines[40]
        with pytest.raises(LedgerRemovedError, match="leaf 38 is missing"):
            checked(_rewritten(_renumbered(lines)))

    def test_swaps_two_leaves_and_their_numbers(self, lines, checked):
        lines[40], lines[41] = lines[41], lines[40]
        with pytest.raises(LedgerReorderedError, match="line 42"):
            checked(_rewritten(_renumbered(lines)))

    def test_adds_a_leaf_of_another_number(self, lines, checked):
        lines.insert(41, lines[40])
        with pytest.raises(LedgerChangedError, match="were added"):
            checked(_rewritten(_renumbered(lines)))

    def test_alters_only_what_is_not_signed(self, lines, checked):
        told = json.loads(lines[-1])
        told["digest"] = b64encode(bytes(32)).decode()
        with pytest.raises(LedgerChangedError, match="digest"):
            checked(b"".join(lines[:-1]) + canonical(told) + b"\n")

    def test_makes_a_full_export_of_an_outsiders(self, lines, checked):
        lines[0] = lines[0].replace(b'"outsider"', b'"full"')
        with pytest.raises(LedgerChangedError, match="form"):
            checked(_rewritten(lines))

    def test_takes_the_checkpoint_of_another_size(self, made, lines, checked):
        lines[0] = canonical(json.loads(lines[0]) | {"checkpoint": made[1][257]}) + b"\n"
        with pytest.raises((LedgerChangedError, LedgerRemovedError)):
            checked(_rewritten(lines))


def test_a_file_with_lines_without_end_is_told_apart_in_bounded_memory(made, checked):
    lines = made.exports[3, True].splitlines(keepends=True)
    tracemalloc.start()
    with pytest.raises(LedgerChangedError):
        checked(b"".join([*lines[:-1], b"\n" * 2_000_000, lines[-1]]))
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_a_history_that_was_rewritten_and_signed_again_is_a_fork(made, checked, tmp_path):
    log, notes, _ = made
    other = Log(tmp_path / "other", signer=log.signer)
    other.grow(300)
    rewritten = other.export()
    other.close()
    assert checked(rewritten).unaltered_since is None
    for size in (1, 3, 300):
        with pytest.raises(LedgerForkedError):
            checked(rewritten, checkpoints=[notes[size]])
    assert checked(rewritten, checkpoints=[notes[0]]).unaltered_since == 0


def test_an_export_that_is_shorter_than_a_checkpoint_is_incomplete(made, checked):
    _, notes, exports = made
    with pytest.raises(LedgerIncompleteError, match="300 leaves was signed, but the export ends at 257"):
        checked(exports[257, False], checkpoints=[notes[300]])


def test_old_checkpoints_hold_after_the_key_was_changed(tmp_path, checked):
    log = Log(tmp_path / "log")
    old = log.grow(5)
    first, log.signer = log.signer, Signer.generate(log.key.name)
    log.sequencer._signer = log.signer
    log.grow(5)
    data = log.export()
    log.close()
    keys = [first.key, log.key]
    assert checked(data, checkpoints=[old], keys=keys).unaltered_since == 5
    with pytest.raises(LedgerKeyError, match="after a rotation"):
        checked(data, checkpoints=[old], keys=[log.key])
    with pytest.raises(LedgerKeyError):
        checked(data, keys=[first.key])


def test_a_key_of_another_ledger_is_refused(made, checked):
    with pytest.raises(LedgerKeyError):
        checked(made[2][3, True], keys=[Signer.generate(made[0].key.name).key])


@pytest.mark.parametrize("data", [b"hello\n", b'{"a":1}\n', b"\x00" * 100, b"[]\n[]\n", b'{"checkpointe'])
def test_what_is_no_export_is_said_to_be_none(checked, data):
    with pytest.raises(ForeignFileError):
        checked(data)


@pytest.mark.parametrize("note", ["", "a\n1\nx\n\n— a b\n", "nothing"])
def test_a_checkpoint_file_that_is_none_is_refused(made, checked, note):
    with pytest.raises(RefusedError):
        checked(made[2][3, True], checkpoints=[note])


def test_a_checkpoint_whose_signature_is_of_another_is_changed(made, checked):
    note = made[1][3].replace("\n3\n", "\n4\n")
    with pytest.raises(LedgerChangedError):
        checked(made[2][300, True], checkpoints=[note])


@pytest.mark.parametrize("size", [1, 3, 256, 257, 300])
def test_a_proof_from_an_export_holds_for_every_leaf(made, tmp_path, size):
    path = tmp_path / "export.jsonl"
    path.write_bytes(made.exports[size, False])
    for leaf in {0, 1, 2, 254, 255, 256, 257, 298, 299} & set(range(size)):
        proof = prove_from_export(path, leaf, keys=[made.log.key])
        found = check_proof(proof, keys=[made.log.key])
        assert (found.leaf, found.size, found.origin) == (leaf, size, made.log.key.name)
        assert found.body["facts"]["distance"] == leaf % 32
        assert set(found.opened) == ({"at", "subject"} if leaf % 5 else {"at"})
    with pytest.raises(LedgerIncompleteError):
        prove_from_export(path, size, keys=[made.log.key])


def test_an_altered_proof_proves_nothing(made, tmp_path):
    path = tmp_path / "export.jsonl"
    path.write_bytes(made.exports[257, False])
    proof = prove_from_export(path, 7, keys=[made.log.key])
    told = json.loads(proof)
    altered = [
        told | {"leaf": 8},
        told | {"path": told["path"][:-1]},
        told | {"path": told["path"][::-1]},
        told | {"body": told["body"] | {"day": "2020-01-01"}},
        told | {"body": told["body"] | {"actor": "svc-2"}},
        told | {"opens": {"at": told["opens"]["at"] | {"value": "2020-01-01T00:00:00.000000Z"}}},
        told | {"opens": {"item_id": told["opens"]["at"]}},
        told | {"opens": {"at": {"salt": "x"}}},
        told | {"checkpoint": made.notes[300]},
        told | {"checkpoint": "nothing"},
        told | {"path": [1]},
    ]
    for one in altered:
        with pytest.raises(LedgerChangedError):
            check_proof(canonical(one), keys=[made.log.key])
    for none in (b"", b"{}", b"[]", canonical(told | {"format": "other/1"}), canonical(told | {"more": 1})):
        with pytest.raises(ForeignFileError):
            check_proof(none, keys=[made.log.key])
    with pytest.raises(LedgerKeyError):
        check_proof(proof, keys=[Signer.generate("x").key])
