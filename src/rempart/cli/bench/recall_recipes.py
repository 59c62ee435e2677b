"""What the 512-pixel recipes are worth: bare hashes made by one recipe, edited copies looked up by others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import product

import numpy as np
from PIL import Image

from rempart.cli.bench.edits import Edit, all_edits, crop_evenly, crop_side
from rempart.cli.bench.recall_run import RADIUS, probes_of, seeded, to_png
from rempart.cli.bench.tables import Cell, Table
from rempart.signals.decode import decode
from rempart.signals.outcome import Limits
from rempart.signals.pdq import pdq
from rempart.signals.probes import Probe
from rempart.signals.values import PdqHash
from rempart.signals.views import Pixels, square512, thumbnail512

_PICTURES = 30
_LONGEST = 1440  # smaller pictures are enlarged: below 512 pixels the recipes do nothing
_ORDINARY = frozenset({"jpeg 20-90", "resize 0.25-1", "blur", "noise", "tint", "watermark", "mirror"})
_SETS = ("canonical", "default", "thorough")


def _edits() -> Mapping[str, Sequence[Edit]]:
    """Edits that PDQ bears with ease, and cuts so small that they take it to the edge of the radius."""
    small = {
        "crop evenly 0-4 %": partial(crop_evenly, least=0, most=0.04),
        "crop one side 0-3 %": partial(crop_side, least=0, most=0.03),
    }
    return {
        "re-saved or mirrored": [edit for edit in all_edits() if edit.name in _ORDINARY],
        "cropped by up to 4 %": [Edit(name=name, group="cropped", make=make) for name, make in small.items()],
    }


def _enlarged(image: Image.Image) -> Image.Image:
    factor = max(1.0, _LONGEST / max(image.size))
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.BICUBIC)


def _hash(pixels: Pixels, view: Callable[[Pixels], Pixels | None]) -> PdqHash:
    seen = view(pixels)
    return pdq(pixels if seen is None else seen).hash


def table(images: Sequence[Image.Image], *, seed: int) -> Table:
    """Recall of a bare list, by the recipe that made it, for canonical, default and thorough probes."""
    recipes: Mapping[str, Callable[[Pixels], Pixels | None]] = {
        "full size": lambda pixels: None,
        "thumbnail 512": thumbnail512,
        "512×512": square512,
    }
    nearest: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    drift: defaultdict[str, list[int]] = defaultdict(list)
    for number, image in enumerate(images[:_PICTURES]):
        large = _enlarged(image)
        pixels = decode(to_png(large), limits=Limits()).pixels
        entries = {recipe: _hash(pixels, view) for recipe, view in recipes.items()}
        for recipe, entry in entries.items():
            drift[recipe].append(entry.distance(entries["full size"]))
        for group, edit in ((group, edit) for group, edits in _edits().items() for edit in edits):
            data = edit.apply(large, seeded(seed, "recipes", edit.name, number))
            for probe_set, (recipe, entry) in product(_SETS, entries.items()):
                made = _probes(data, probe_set)
                distances = (entry.distance(probe.hash) for probe in made)
                nearest[recipe, group, probe_set].append(min(distances, default=256))
    rows: list[tuple[Cell, ...]] = [
        (
            recipe,
            float(np.mean(drift[recipe])),
            max(drift[recipe]),
            group,
            *(float(np.mean(np.array(nearest[recipe, group, name]) <= RADIUS)) for name in _SETS),
        )
        for recipe, group in product(recipes, _edits())
    ]
    head = ("list hashed by", "bits from full size", "most", "edits", *_SETS)
    return Table(title="Recall of bare lists hashed by other recipes, per probe set", head=head, rows=rows)


@lru_cache(maxsize=len(_SETS))
def _probes(data: bytes, probe_set: str) -> tuple[Probe, ...]:
    return probes_of(data, probe_set=probe_set)
