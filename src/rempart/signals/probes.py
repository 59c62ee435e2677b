"""Probes: the variants of a picture that are looked up, so that ordinary edits do not hide it.

Each probe costs a lookup and may add false positives; what each one gains is measured by `rempart bench recall` and
published in docs/probes.md. One that does not pay is not in a set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from rempart.signals.bars import between_bars
from rempart.signals.lines import Pixels, glance
from rempart.signals.outcome import LOW_QUALITY_BELOW
from rempart.signals.pdq import DIHEDRALS, pdq, pdq_dihedral
from rempart.signals.regions import Region, find_regions
from rempart.signals.trim import trim_box
from rempart.signals.values import PdqHash
from rempart.signals.views import square512, thumbnail512

if TYPE_CHECKING:
    from rempart.signals.decode import Decoded


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One variant to look up: its name, its hash and the hash's quality, 0 to 100."""

    name: str
    hash: PdqHash
    quality: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSet:
    """Which probes a set makes; `regions` is the number of framed pieces it looks at."""

    turns: frozenset[str] = frozenset()
    negative: bool = False
    trim: bool = False
    regions: int = 0
    region_turns: frozenset[str] = frozenset()
    recipes: bool = False


_ALL_TURNS = frozenset(DIHEDRALS[1:])
SETS: Mapping[str, ProbeSet] = MappingProxyType(
    {
        "canonical": ProbeSet(),
        "default": ProbeSet(
            turns=_ALL_TURNS, negative=True, trim=True, regions=2, region_turns=frozenset({"flipx", "flipy"})
        ),
        "thorough": ProbeSet(
            turns=_ALL_TURNS, negative=True, trim=True, regions=6, region_turns=_ALL_TURNS, recipes=True
        ),
    }
)


def make_probes(decoded: Decoded, *, probe_set: str) -> tuple[Probe, ...]:
    """The probes of a decoded picture; the first is `canonical`, of whatever quality.

    Further probes of quality under 50 are left out: such hashes say nothing. Raises KeyError for an unknown set.
    """
    wanted = SETS[probe_set]
    first, *more = _all_probes(decoded.pixels, wanted)
    return (first, *(probe for probe in more if probe.quality >= LOW_QUALITY_BELOW))


def _all_probes(pixels: Pixels, wanted: ProbeSet) -> Iterator[Probe]:
    """Every probe of the set; those that look for a border or frame only where there is one."""
    canonical, *turns = _view(pixels, "canonical", wanted.turns)
    yield canonical
    yield from turns
    if wanted.negative:
        yield Probe(name="negative", hash=canonical.hash.complement(), quality=canonical.quality)
    seen = glance(pixels)
    trimmed = trim_box(pixels) if wanted.trim and seen.ends else None
    if trimmed:
        yield from _view(trimmed.of(pixels), "trim", wanted.turns)
    regions = find_regions(pixels, limit=wanted.regions) if wanted.regions and seen.anywhere else []
    if wanted.regions and (barred := between_bars(pixels)):
        regions.append(Region("letterbox", barred))
    boxes = [trimmed] if trimmed else []
    for region in regions:
        if not any(region.box.near(box) for box in boxes):
            boxes.append(region.box)
            yield from _view(region.box.of(pixels), f"region:{region.name}", wanted.region_turns)
    if wanted.recipes:
        for name, view in (("thumbnail512", thumbnail512(pixels)), ("square512", square512(pixels))):
            if view is not None:
                yield from _view(view, name, wanted.turns)


def _view(pixels: Pixels, name: str, turns: frozenset[str]) -> Iterator[Probe]:
    """The probe of a view, then those of the view mirrored and turned, as far as they are wanted."""
    if not turns:
        result = pdq(pixels)
        yield Probe(name=name, hash=result.hash, quality=result.quality)
        return
    hashes, quality = pdq_dihedral(pixels)
    for turn, value in zip(DIHEDRALS, hashes, strict=True):
        if turn == "original":
            yield Probe(name=name, hash=value, quality=quality)
        elif turn in turns:
            yield Probe(name=f"{name}+{turn}", hash=value, quality=quality)
