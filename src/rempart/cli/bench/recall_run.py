"""The measuring behind `rempart bench recall`: edits of each picture, looked up in a list made of all of them.

A hit on the picture's own entry is recall; a hit on any other entry is a false positive. The path is the real one:
the edited file is decoded, its probes are made, the Hamming index is asked at radius 31.
"""

from __future__ import annotations

import io
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rempart.cli.bench import layouts
from rempart.cli.bench.edits import Edit, to_jpeg
from rempart.errors import RempartError
from rempart.index.hamming import HammingIndex
from rempart.signals.decode import decode
from rempart.signals.facets import make_facets
from rempart.signals.outcome import LOW_QUALITY_BELOW, Limits
from rempart.signals.probes import Probe, make_probes

RADIUS = 31
_FAR = 63  # other pictures are looked for this far, to show how near the nearest came
_CROPS = {
    "even": "crop evenly",
    "width": "crop of one axis",
    "height": "crop of one axis",
    **dict.fromkeys(("left", "right", "top", "bottom"), "crop one side"),
}
PICTURE = "picture"  # the key family of an entry's own hash, beside those of its facets


def probe_family(name: str) -> str:
    """The row of the table that a probe belongs to: `canonical+flipx` → `canonical turned`."""
    view, _, turn = name.partition("+")
    view = view.removesuffix(":2")
    return f"{view.partition(':')[0]} turned" if turn else view


def facet_family(name: str) -> str:
    """The row of the table that a facet belongs to: `crop:left:8.6` → `crop one side`, `tilt:+3.2` → `tilt`."""
    kind, _, rest = name.partition(":")
    if kind != "crop":
        return kind
    where = rest.partition(":")[0]
    return _CROPS.get(where, "crop of two or three sides")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A picture that takes part: its name and its upright pixels."""

    name: str
    image: Image.Image


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureList:
    """A list made from pictures: the index, and for each of its rows the picture and the key's family."""

    index: HammingIndex
    owners: NDArray[np.intp]
    families: list[str]
    pictures: int

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> PictureList:
        """Enter each picture with its canonical hash and its facets."""
        keys, owners, families = bytearray(), [], []
        for owner, sample in enumerate(samples):
            decoded = decode(to_png(sample.image), limits=Limits())
            named = [(PICTURE, make_probes(decoded, probe_set="canonical")[0].hash)]
            named += [(facet_family(facet.name), facet.hash) for facet in make_facets(decoded.pixels)]
            for family, key in named:
                keys += key
                owners.append(owner)
                families.append(family)
        index = HammingIndex.from_keys(np.frombuffer(bytes(keys), np.uint8).reshape(-1, 32))
        return cls(index=index, owners=np.array(owners), families=families, pictures=len(samples))


@dataclass(slots=True)
class FalsePositives:
    """Lookups made and those that hit another picture's entry, by probe family; and the nearest other entry seen."""

    lookups: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    nearest: dict[str, int] = field(default_factory=dict)

    def note(self, family: str, distance: int | None) -> None:
        """Count one lookup whose nearest other entry was `distance` away (None: over 63)."""
        self.lookups[family] += 1
        self.wrong[family] += distance is not None and distance <= RADIUS
        if distance is not None:
            self.nearest[family] = min(distance, self.nearest.get(family, distance))


@dataclass(frozen=True, slots=True, kw_only=True)
class EditResult:
    """What one edit came to: for each copy, the (probe family, key family) pairs that found its own entry."""

    edit: Edit
    found: list[frozenset[tuple[str, str]]]

    def recall(self, *, without_probe: str = "", without_key: str = "", only: tuple[str, str] = ("", "")) -> float:
        """The share of copies found: by all, by all but a family, or `only` by one probe and/or key family."""

        def counts(probe: str, key: str) -> bool:
            return (
                probe != without_probe
                and key != without_key
                and (not only[0] or probe == only[0])
                and (not only[1] or key == only[1])
            )

        return float(np.mean([any(counts(*pair) for pair in pairs) for pairs in self.found]))


def load_samples(paths: Iterable[Path], *, limit: int) -> tuple[list[Sample], list[str]]:
    """Decode up to `limit` usable pictures; those that cannot be read or are of low quality are named instead."""
    samples: list[Sample] = []
    left_out: list[str] = []
    for path in paths:
        if len(samples) == limit:
            break
        try:
            decoded = decode(path.read_bytes(), limits=Limits())
        except (RempartError, OSError):
            left_out.append(path.name)
            continue
        if make_probes(decoded, probe_set="canonical")[0].quality < LOW_QUALITY_BELOW:
            left_out.append(path.name)
            continue
        samples.append(Sample(name=path.name, image=Image.fromarray(decoded.pixels)))
    return samples, left_out


def to_png(image: Image.Image) -> bytes:
    """The picture as the bytes of a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def seeded(seed: int, *names: object) -> Random:
    """A generator of its own for each edit, picture and repetition, the same in every run."""
    return Random(zlib.crc32("/".join(map(str, (seed, *names))).encode()))  # noqa: S311  repeatable, not secret


def probes_of(data: bytes, *, probe_set: str) -> tuple[Probe, ...]:
    """Decode a file and make its probes, as a worker does; those of low quality are not looked up."""
    found = make_probes(decode(data, limits=Limits()), probe_set=probe_set)
    return tuple(probe for probe in found if probe.quality >= LOW_QUALITY_BELOW)


def look_up(
    known: PictureList, probes: Sequence[Probe], *, owner: int | None, false: FalsePositives
) -> frozenset[tuple[str, str]]:
    """Ask for every probe; returns the pairs that hit `owner`'s entry and notes the nearest of the others."""
    if not probes:
        return frozenset()
    queries = np.frombuffer(b"".join(probe.hash for probe in probes), np.uint8).reshape(-1, 32)
    offsets, rows, distances = known.index.search(queries, radius=_FAR)
    pairs = set()
    for at, probe in enumerate(probes):
        part = slice(offsets[at], offsets[at + 1])
        mine = known.owners[rows[part]] == owner if owner is not None else np.zeros(len(rows[part]), np.bool_)
        near = distances[part]
        others = near[~mine]
        family = probe_family(probe.name)
        false.note(family, int(others.min()) if len(others) else None)
        pairs |= {(family, known.families[row]) for row in rows[part][mine & (near <= RADIUS)]}
    return frozenset(pairs)


def run_edits(
    known: PictureList,
    samples: Sequence[Sample],
    edits: Sequence[Edit],
    *,
    probe_set: str,
    seed: int,
    repeat: int,
    false: FalsePositives,
) -> Iterator[EditResult]:
    """Apply each edit to each picture `repeat` times and look the copies up."""
    for edit in edits:
        found = []
        for owner, sample in enumerate(samples):
            for time in range(repeat):
                data = edit.apply(sample.image, seeded(seed, edit.name, owner, time))
                found.append(look_up(known, probes_of(data, probe_set=probe_set), owner=owner, false=false))
        yield EditResult(edit=edit, found=found)


def run_pages(known: PictureList, *, pages: int, probe_set: str, seed: int) -> FalsePositives:
    """Look up screens of text without any photo: every hit is false."""
    false = FalsePositives()
    for number in range(pages):
        page = layouts.text_page(seeded(seed, "page", number))
        look_up(known, probes_of(to_jpeg(page, quality=85), probe_set=probe_set), owner=None, false=false)
    return false
