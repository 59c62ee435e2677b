"""Making a report again from an export of the ledger, and holding it against the one that was published."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rempart.errors import ForeignFileError, LedgerForkedError, LedgerIncompleteError, RefusedError
from rempart.evidence.ledger.exportfile import LeafLine, read_line, read_lines
from rempart.evidence.ledger.notes import Checkpoint, VerifierKey, parse_checkpoint
from rempart.evidence.ledger.verify import Verified, verify_with_roots
from rempart.reports.transparency.folding import fold
from rempart.reports.transparency.laying import MANIFEST, TEMPLATE, WRITTEN, Made, files_of, read_manifest
from rempart.reports.transparency.periods import Period
from rempart.reports.transparency.sections import JOIN
from rempart.reports.transparency.template import read_template
from rempart.reports.transparency.written import read_written

_MOST_FILE = 64 << 20
_MOST_TOLD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A file of a report that is not what the ledger gives; `lines` are the first ones that differ, as they stand there
    and as they should."""

    file: str
    lines: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputed:
    """How a report and a ledger stand to each other. `late` are leaves of its days that came after it was made, and
    `written` the rows that are the operator's own and in no ledger."""

    ledger: Verified
    made: Made
    differences: tuple[Difference, ...]
    late: int
    written: int
    template_built_in: bool


def verify(folder: Path, export: Path, *, keys: Sequence[VerifierKey], checkpoints: Sequence[str] = ()) -> Recomputed:
    """Check a report. It is what the ledger gives when all of this holds:

    1. The export is what was signed, as `rempart.evidence.ledger.verify` says.
    2. The report is of the same ledger, of no more leaves than there are, and names the root over these; the checkpoint
       that it carries was signed by one of `keys` and is of this ledger.
    3. Its template and what the operator wrote can be read.
    4. Every file is, to the byte, what these leaves, the template and the operator's text give; and there is no other.

    Where 4 does not hold, `differences` says so. Reads the export twice, in memory that does not grow with it. Raises
    what `verify` of ledgers raises, LedgerForkedError and LedgerIncompleteError for 2, ForeignFileError and
    RefusedError for a folder that holds no report that can be made again.
    """
    made, _ = read_manifest(_read(folder / MANIFEST).decode("utf-8", "replace"))
    carried = _checkpoint(made)
    ledger, _, roots = verify_with_roots(
        export, keys=keys, checkpoints=checkpoints, sizes={made.leaves, carried.size}
    )  # 1
    _same_ledger(made, ledger, roots.get(made.leaves))  # 2
    carried.check(keys)
    _of_ledger(carried, ledger, roots.get(carried.size))
    template_text, written = (_text(folder / name) for name in (TEMPLATE, WRITTEN))  # 3
    template, own = read_template(template_text), read_written(written)
    counted, late = _counted(export, made.leaves, made.period)
    wanted = files_of(counted, made, template=template, written=written, own=own)  # 4
    wanted |= dict.fromkeys(_others(folder, but=wanted), b"")
    found = {name: _read(folder / name) if (folder / name).is_file() else b"" for name in wanted}
    return Recomputed(
        ledger=ledger, made=made, late=late, written=len(own), template_built_in=template.built_in,
        differences=tuple(
            Difference(file=name, lines=tuple(_differing(found[name], data)))
            for name, data in wanted.items()
            if found[name] != data
        ),
    )  # fmt: skip


def _others(folder: Path, *, but: Collection[str]) -> Sequence[str]:
    """Tables beside those of the report, which whoever reads it would take for a part of it."""
    return sorted(one.name for one in folder.iterdir() if one.suffix.lower() == ".csv" and one.name not in but)


def _checkpoint(made: Made) -> Checkpoint:
    try:
        return parse_checkpoint(made.checkpoint)
    except RefusedError as err:
        raise ForeignFileError(f"The checkpoint in {MANIFEST} is none.") from err


def _of_ledger(carried: Checkpoint, ledger: Verified, root: bytes | None) -> None:
    if root is None:
        raise LedgerIncompleteError(
            f"The report carries a checkpoint of {carried.size} leaves, but the export ends at {ledger.size}.",
            hint="Ask for an export that is no older than the report.",
        )
    if (carried.origin, carried.root) != (ledger.origin, root):
        raise LedgerForkedError("The checkpoint in the report is of another ledger, or of another history.")


def _same_ledger(made: Made, ledger: Verified, root: bytes | None) -> None:
    if made.origin != ledger.origin:
        raise LedgerForkedError(f"The report is of {made.origin}, the export of {ledger.origin}.")
    if root is None or made.leaves > ledger.size:
        raise LedgerIncompleteError(
            f"The report was made of {made.leaves} leaves, but the export ends at {ledger.size}.",
            hint="Ask for an export that is no older than the report.",
        )
    if b64encode(root).decode() != made.root:
        raise LedgerForkedError(f"The first {made.leaves} leaves are not those of which the report was made.")


def _counted(export: Path, leaves: int, period: Period) -> tuple[Counter[tuple[str, str]], int]:
    """What the first so many leaves come to in a period, and how many later ones are of its days."""
    first, last = f"{period.first:%Y-%m-%d}", f"{period.last:%Y-%m-%d}"
    found: Counter[tuple[str, str]] = Counter()
    late = 0
    for number, body in _bodies(export):
        if not first <= str(body["day"]) <= last:
            continue
        if number >= leaves:
            late += bool(fold(body))
            continue
        for one in fold(body):
            found[one.measure, JOIN.join(one.labels)] += one.amount
    return found, late


def _bodies(export: Path) -> Iterator[tuple[int, Any]]:
    with export.open("rb") as stream:
        for line in read_lines(stream):
            try:
                told = read_line(line)
            except ValueError as err:  # it was verified a moment ago
                raise LedgerIncompleteError("The export changed while it was read.") from err
            if isinstance(told, LeafLine):
                yield told.leaf, told.body


def _differing(found: bytes, wanted: bytes) -> Iterator[tuple[int, str, str]]:
    there, should = (one.decode("utf-8", "replace").splitlines() for one in (found, wanted))
    told = 0
    for number in range(max(len(there), len(should))):
        one = there[number] if number < len(there) else ""
        other = should[number] if number < len(should) else ""
        if one != other:
            yield number + 1, one, other
            told += 1
            if told == _MOST_TOLD:
                return


def _text(path: Path) -> str:
    try:
        return _read(path).decode()
    except UnicodeDecodeError as err:
        raise RefusedError(f"{path} is no text.") from err


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(_MOST_FILE + 1)
    except OSError as err:
        raise ForeignFileError(
            f"{path} cannot be read: {err.strerror}.", hint="Name the folder that `rempart stats report` wrote."
        ) from err
    if len(data) > _MOST_FILE:
        raise ForeignFileError(f"{path} is larger than a file of a report.")
    return data
