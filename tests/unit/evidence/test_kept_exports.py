"""Exports that were written once and kept, named after what was done to them: later versions must say the same."""

from pathlib import Path

import pytest

from rempart.errors import (
    LedgerChangedError,
    LedgerForkedError,
    LedgerIncompleteError,
    LedgerRemovedError,
    LedgerReorderedError,
)
from rempart.evidence.ledger.notes import VerifierKey
from rempart.evidence.ledger.verify import verify

FOLDER = Path(__file__).parent / "exports"
ERRORS = {
    "changed": LedgerChangedError,
    "removed": LedgerRemovedError,
    "reordered": LedgerReorderedError,
    "forked": LedgerForkedError,
    "incomplete": LedgerIncompleteError,
}
TAMPERED = sorted(path for path in FOLDER.glob("*.jsonl") if not path.name.startswith("intact-"))
KEY = VerifierKey.parse((FOLDER / "key.txt").read_text())
EARLIER = (FOLDER / "checkpoint-of-3.txt").read_text()


@pytest.mark.parametrize("form", ["full", "outsider"])
def test_what_an_earlier_version_exported_still_verifies(form):
    found = verify(FOLDER / f"intact-{form}.jsonl", keys=[KEY], checkpoints=[EARLIER])
    assert (found.size, found.form, found.unaltered_since) == (7, form, 3)


@pytest.mark.parametrize("path", TAMPERED, ids=lambda path: path.stem)
def test_a_kept_export_is_told_apart_by_its_name(path):
    kind = ERRORS[path.name.partition("-")[0]]
    with pytest.raises(kind) as told:
        verify(path, keys=[KEY], checkpoints=[EARLIER])
    assert type(told.value) is kind


def test_every_kind_is_among_them():
    assert {path.name.partition("-")[0] for path in TAMPERED} == set(ERRORS)
