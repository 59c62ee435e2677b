"""Probes: the variants of a picture that are looked up, so that ordinary edits do not hide it.

Each probe costs a lookup and may add false positives; what each one gains is measured by `rempart bench recall` and
published in docs/probes.md. One that does not pay is not in a set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from rempart.signals.pdq import DIHEDRALS, pdq, pdq_dihedral
from rempart.signals.lines import Pixels
from rempart.signals.outcome import LOW_QUALITY_BELOW
from rempart.signals.regions import find_regions
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
    """Which probes a set makes."""

    dihedral: bool = False
    negative: bool = False
    trim: bool = False
    regions: int = 0
    recipes: bool = False


SETS: Mapping[str, ProbeSet] = MappingProxyType(
    {
        "canonical": ProbeSet(),
        "default": ProbeSet(dihedral=True, negative=True, trim=True, regions=3),
        "thorough": ProbeSet(dihedral=True, negative=True, trim=True, regions=8, recipes=True),
    }
)


def make_probes(decoded: Decoded, *, probe_set: str) -> tuple[Probe, ...]:
    """The probes of a decoded picture; the first is `canonical`, of whatever quality.

    Further probes of quality under 50 are left out: such hashes say nothing. Raises KeyError for an unknown set.
    """
    wanted = SETS[probe_set]
    if not wanted.dihedral:
        result = pdq(decoded.pixels)
        return (Probe(name="canonical", hash=result.hash, quality=result.quality),)
    first, *turned = _dihedral(decoded.pixels, "canonical")
    more = [*turned, *_conditional(decoded.pixels, first, wanted)]
    return (first, *(probe for probe in more if probe.quality >= LOW_QUALITY_BELOW))


def _dihedral(pixels: Pixels, view: str) -> list[Probe]:
    """The eight probes of a view, the view itself first."""
    hashes, quality = pdq_dihedral(pixels)
    return [
        Probe(name=view if turn == "original" else f"{view}+{turn}", hash=value, quality=quality)
        for turn, value in zip(DIHEDRALS, hashes, strict=True)
    ]


def _plain(pixels: Pixels, view: str) -> Probe:
    result = pdq(pixels)
    return Probe(name=view, hash=result.hash, quality=result.quality)


def _conditional(pixels: Pixels, first: Probe, wanted: ProbeSet) -> Iterator[Probe]:
    """The probes beyond the dihedral ones; those that look for a border or frame only where there is one."""
    if wanted.negative:
        yield Probe(name="negative", hash=first.hash.complement(), quality=first.quality)
    trimmed = trim_box(pixels) if wanted.trim else None
    if trimmed:
        yield from _dihedral(trimmed.of(pixels), "trim")
    if wanted.regions:
        for number, box in enumerate(find_regions(pixels, limit=wanted.regions), start=1):
            if trimmed is None or not box.near(trimmed):
                yield _plain(box.of(pixels), f"region:{number}")
    if wanted.recipes:
        for name, view in (("thumbnail512", thumbnail512(pixels)), ("square512", square512(pixels))):
            if view is not None:
                yield from _dihedral(view, name)
