"""What the 512-pixel recipes are worth: bare hashes made by one recipe, edited copies looked up by others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PIL import Image

from rempart.cli.bench.edits import all_edits
from rempart.cli.bench.recall_run import RADIUS, seeded, to_png
from rempart.cli.bench.tables import Cell, Table
from rempart.signals.decode import decode
from rempart.signals.outcome import Limits
from rempart.signals.pdq import pdq
from rempart.signals.probes import make_probes
from rempart.signals.values import PdqHash
from rempart.signals.views import Pixels, square512, thumbnail512

_PICTURES = 30
_LONGEST = 1440  # smaller pictures are enlarged: below 512 pixels the recipes do nothing
_EDITS = ("jpeg 20-90", "resize 0.25-1", "blur", "noise", "tint", "brightness, contrast, colour", "watermark", "mirror")


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
    sets = ("canonical", "default", "thorough")
    edits = [edit for edit in all_edits() if edit.name in _EDITS]
    nearest: dict[tuple[str, str], list[int]] = {(recipe, name): [] for recipe in recipes for name in sets}
    drift: dict[str, list[int]] = {recipe: [] for recipe in recipes}
    for number, image in enumerate(images[:_PICTURES]):
        large = _enlarged(image)
        pixels = decode(to_png(large), limits=Limits()).pixels
        entries = {recipe: _hash(pixels, view) for recipe, view in recipes.items()}
        for recipe, entry in entries.items():
            drift[recipe].append(entry.distance(entries["full size"]))
        for edit in edits:
            copy = decode(edit.apply(large, seeded(seed, "recipes", edit.name, number)), limits=Limits())
            for name in sets:
                made = make_probes(copy, probe_set=name)
                for recipe, entry in entries.items():
                    nearest[recipe, name].append(min(entry.distance(probe.hash) for probe in made))
    rows: list[tuple[Cell, ...]] = [
        (
            recipe,
            float(np.mean(drift[recipe])),
            max(drift[recipe]),
            *(float(np.mean(np.array(nearest[recipe, name]) <= RADIUS)) for name in sets),
        )
        for recipe in recipes
    ]
    head = ("list hashed by", "bits from full size, mean", "most", *(f"recall, {name}" for name in sets))
    return Table(title=f"Bare lists hashed by other recipes (edits: {'; '.join(_EDITS)})", head=head, rows=rows)
