"""Telling what happened to an export that does not verify: changed, removed, reordered, incomplete.

The file says everything twice: leaf hashes stand in the tiles and follow from the bodies. Whichever of the two still
leads to the signed root tells what the leaves were, and the lines are held against that. Where neither does, because
both were altered, the numbers of the lines are all there is to go by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO

from rempart.errors import (
    ForeignFileError,
    LedgerChangedError,
    LedgerIncompleteError,
    LedgerRemovedError,
    LedgerReorderedError,
    RefusedError,
    RempartError,
)
from rempart.evidence.ledger.exportfile import (
    HEAD_BEGINS,
    EndLine,
    HeadLine,
    LeafLine,
    TileLine,
    read_line,
    read_lines,
    tile_count,
)
from rempart.evidence.ledger.notes import Checkpoint, VerifierKey, parse_checkpoint
from rempart.evidence.ledger.tree import HASH_BYTES, TILE_WIDTH, root_of

_SERIOUS = (LedgerChangedError, LedgerRemovedError, LedgerReorderedError, LedgerIncompleteError)
"""The order in which findings give the error its class."""
_MORE = 1000  # lines too many that are looked at: somebody may have added as many as fit on a disk
_PER_TILE = TILE_WIDTH + 1


@dataclass(slots=True)
class _Seen:
    """A line as far as it can be told apart; `key` is where in an untouched export it would stand."""

    kind: type
    number: int = 0
    hashes: bytes = b""
    key: int | None = None


@dataclass(slots=True)
class _Findings:
    """What was found, by the error it stands for."""

    told: dict[type[RempartError], list[str]] = field(default_factory=dict)

    def add(self, kind: type[RempartError], text: str) -> None:
        self.told.setdefault(kind, []).append(text)

    def error(self) -> RempartError | None:
        """The error of the most serious finding; its message tells of all."""
        kinds = [kind for kind in _SERIOUS if kind in self.told]
        if not kinds:
            return None
        texts = [text for kind in kinds for text in self.told[kind]]
        more = f" And {len(texts) - 4} more." if len(texts) > 4 else ""
        return kinds[0]("; ".join(texts[:4]) + "." + more)


def signed_head(stream: IO[bytes], keys: Sequence[VerifierKey]) -> tuple[HeadLine, Checkpoint, VerifierKey]:
    """The first line, its checkpoint, and the one of `keys` that signed it.

    Raises what the file's being no export, cut, or altered there asks for, and LedgerKeyError.
    """
    line = next(read_lines(stream), b"")
    try:
        head = read_line(line)
    except ValueError as err:
        raise _headless(line, stream) from err
    if not isinstance(head, HeadLine):
        rest = list(_kinds(stream))
        if HeadLine in rest:
            raise LedgerReorderedError("The first line stands further down.")
        if object in rest:
            raise LedgerChangedError("The first line is missing, or was altered and stands further down.")
        raise LedgerRemovedError("The first line, with the signed checkpoint, is missing.")
    try:
        checkpoint, claimed = parse_checkpoint(head.note), VerifierKey.parse(head.key)
    except RefusedError as err:
        raise LedgerChangedError(f"The first line was altered: {err.message}") from err
    if claimed.id not in {one.key_id for one in checkpoint.signatures}:
        raise LedgerChangedError("The first line was altered: the key it names is not under the checkpoint.")
    return head, checkpoint, checkpoint.check(keys)


def _headless(line: bytes, stream: IO[bytes]) -> RempartError:
    if not line:
        return LedgerIncompleteError("The file is empty.")
    whole = line.endswith(b"\n")
    if not whole and (line.startswith(HEAD_BEGINS) or HEAD_BEGINS.startswith(line)):
        return LedgerIncompleteError("The file ends within its first line.")
    rest = set(_kinds(stream))
    if HeadLine in rest:
        return LedgerChangedError("There is something before the first line.")
    if line.startswith(HEAD_BEGINS) or rest - {object}:
        return LedgerChangedError("The first line was altered.")
    return ForeignFileError("This is no ledger export.", hint="Write one with `rempart ledger export`.")


def _kinds(stream: IO[bytes]) -> Iterator[type]:
    """What the lines from here on are; `object` for one that is none of ours. A line that is cut off is left out,
    unless it shows that it was the first."""
    for line in read_lines(stream):
        if not line.endswith(b"\n"):
            if line.startswith(HEAD_BEGINS):
                yield HeadLine
            return
        try:
            yield type(read_line(line))
        except ValueError:
            yield object


def diagnose(path: Path, signed: Checkpoint, problem: str) -> RempartError:
    """The error that says what happened to an export of which `problem` was found first.

    Reads the whole file, and keeps some 200 bytes of each leaf.
    """
    with path.open("rb") as stream:
        seen, cut = _read(stream, most=2 * _line_of_end(signed.size) + _MORE)
    found = _Findings()
    _give_keys(seen, signed)
    kept = _one_of_each(seen)
    _find_gaps(seen, kept, signed, cut, found)
    _find_disorder(kept, found)
    return found.error() or LedgerChangedError(f"The export was altered: {problem}.")


def _read(stream: IO[bytes], *, most: int) -> tuple[list[_Seen], bool]:
    """Every line as far as it can be read, up to so many, and whether the last one is cut off."""
    seen, cut = [], False
    for line in islice(read_lines(stream), most):
        cut = not line.endswith(b"\n")
        if cut:
            break
        try:
            told = read_line(line)
        except ValueError:
            seen.append(_Seen(object))
            continue
        match told:
            case LeafLine():
                seen.append(_Seen(LeafLine, told.leaf, told.hash))
            case TileLine():
                seen.append(_Seen(TileLine, told.tile, told.hashes))
            case HeadLine():
                seen.append(_Seen(HeadLine))
            case EndLine():
                seen.append(_Seen(EndLine, told.count))
    return seen, cut


def _give_keys(seen: Sequence[_Seen], signed: Checkpoint) -> None:
    """Say of every line where it belongs: by what it says, where the truth is known, else by its number."""
    leaves = [one for one in seen if one.kind is LeafLine]
    tiles = [one for one in seen if one.kind is TileLine]
    truth = _truth(leaves, tiles, signed)
    if truth is not None:
        known = dict(enumerate(truth))
    else:  # what the tiles claim, for as much as there is of them
        known = {one.number * TILE_WIDTH + n: each for one in tiles for n, each in enumerate(_hashes(one.hashes))}
    places = {each: place for place, each in known.items()}
    for one in seen:
        if one.kind is HeadLine:
            one.key = 0
        elif one.kind is EndLine:
            one.key = _line_of_end(signed.size)
        elif one.kind is LeafLine:
            place = places.get(one.hashes, -1 if one.number in known or truth is not None else one.number)
            one.key = _line_of_leaf(place) if 0 <= place < signed.size else None
        elif one.kind is TileLine:
            tile = places[one.hashes[:HASH_BYTES]] // TILE_WIDTH if one.hashes[:HASH_BYTES] in places else -1
            whole = truth is None or b"".join(truth[tile * TILE_WIDTH : (tile + 1) * TILE_WIDTH]) == one.hashes
            one.key = 1 + tile * _PER_TILE if 0 <= tile < tile_count(signed.size) and whole else None


def _truth(leaves: Sequence[_Seen], tiles: Sequence[_Seen], signed: Checkpoint) -> list[bytes] | None:
    """The leaf hashes that were signed, if bodies or tiles, in their order or by their numbers, still give them."""
    for group in (leaves, tiles):
        for ordered in (group, sorted(group, key=lambda one: one.number)):
            hashes = _hashes(b"".join(one.hashes for one in ordered))
            if len(hashes) == signed.size and root_of(hashes) == signed.root:
                return hashes
    return None


def _one_of_each(seen: Sequence[_Seen]) -> dict[int, int]:
    """For each key the line (by its place in the file) that is taken for it: of several the nearest to its place."""
    kept: dict[int, int] = {}
    for place, one in enumerate(seen):
        if one.key is None:
            continue
        other = kept.get(one.key)
        if other is None or abs(place - one.key) < abs(other - one.key):
            kept[one.key] = place
    return kept


def _find_gaps(seen: Sequence[_Seen], kept: Mapping[int, int], signed: Checkpoint, cut: bool, found: _Findings) -> None:
    """Lines that should be there and are not, and lines that should not be there.

    Where a line that belongs nowhere stands in the place of one that is missing, that one was changed.
    """
    strangers = sorted(set(range(len(seen))) - set(kept.values()))
    last = _line_of_end(signed.size)
    for first, final in _runs(key for key in range(last + 1) if key not in kept):
        before = kept.get(first - 1, -1)
        after = kept.get(final + 1, len(seen))
        inside = [place for place in strangers if before < place < after]
        if inside:
            strangers = [place for place in strangers if place not in inside]
            found.add(LedgerChangedError, _told(first, final, "altered", signed.size))
        elif final == last:
            where = "within a line" if cut else "at a line's end"
            found.add(LedgerIncompleteError, f"the file ends {where}, before {_name(first, signed.size)}")
        elif strangers and before > after:
            strangers.pop()
            found.add(LedgerChangedError, _told(first, final, "altered", signed.size))
        else:
            found.add(LedgerRemovedError, _told(first, final, "missing", signed.size))
    if strangers:
        found.add(LedgerChangedError, f"{len(strangers)} line(s) were added, the first as line {strangers[0] + 1}")


def _find_disorder(kept: Mapping[int, int], found: _Findings) -> None:
    highest = -1
    for place, key in sorted((place, key) for key, place in kept.items()):
        if key < highest:
            found.add(LedgerReorderedError, f"line {place + 1} stands in another place than it was exported to")
            return
        highest = key


def _runs(keys: Iterable[int]) -> list[tuple[int, int]]:
    """Consecutive numbers, as first and last."""
    runs: list[tuple[int, int]] = []
    for key in keys:
        if runs and runs[-1][1] == key - 1:
            runs[-1] = runs[-1][0], key
        else:
            runs.append((key, key))
    return runs


def _told(first: int, final: int, what: str, size: int) -> str:
    if first == final:
        return f"{_name(first, size)} is {what}"
    return f"{_name(first, size)} to {_name(final, size)} are {what}"


def _name(key: int, size: int) -> str:
    """What stands in a line of an untouched export."""
    if key == 0:
        return "the first line"
    if key == _line_of_end(size):
        return "the last line"
    tile, place = divmod(key - 1, _PER_TILE)
    return f"leaf {tile * TILE_WIDTH + place - 1}" if place else f"tile {tile}"


def _line_of_leaf(position: int) -> int:
    return 2 + position + position // TILE_WIDTH


def _line_of_end(size: int) -> int:
    return 1 + size + tile_count(size)


def _hashes(joined: bytes) -> list[bytes]:
    return [joined[start : start + HASH_BYTES] for start in range(0, len(joined), HASH_BYTES)]
