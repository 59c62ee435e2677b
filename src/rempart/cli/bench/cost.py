"""What a probe set costs: CPU time of file → digests, pixels, probes, lookups, beside the canonical probe alone."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from PIL import Image

from rempart.cli.bench.edits import to_jpeg
from rempart.cli.bench.tables import Table
from rempart.index.hamming import HammingIndex
from rempart.signals.decode import decode
from rempart.signals.digests import digest_bytes
from rempart.signals.outcome import Limits
from rempart.signals.probes import make_probes

_PICTURES = 20
_ROUNDS = 5
_KEYS = 1_000_000
_SIZES = (0.3e6, 2e6)


def measure_cost(images: Sequence[Image.Image], *, probe_set: str) -> Table:
    """CPU milliseconds per JPEG file at 0.3 and 2 megapixels, lookups in a list of a million included."""
    keys = np.random.default_rng(7).integers(0, 256, (_KEYS, 32), dtype=np.uint8)
    index = HammingIndex.from_keys(keys)
    rows = []
    for size in _SIZES:
        files = [_file(image, size) for image in images[:_PICTURES]]
        times = {name: [_cpu_ms(data, name, index) for data in files] for name in ("canonical", probe_set)}
        canonical, chosen = (float(np.mean(times[name])) for name in ("canonical", probe_set))
        rows.append((f"{size / 1e6:g}", canonical, chosen, chosen / canonical))
    head = ("megapixels", "canonical, ms", f"{probe_set}, ms", "ratio")
    return Table(title="CPU time per file, one million keys", head=head, rows=rows)


def _file(image: Image.Image, pixels: float) -> bytes:
    factor = (pixels / (image.width * image.height)) ** 0.5
    size = (round(image.width * factor), round(image.height * factor))
    return to_jpeg(image.resize(size, Image.Resampling.LANCZOS), quality=90)


def _cpu_ms(data: bytes, probe_set: str, index: HammingIndex) -> float:
    """The median of a few rounds; the first, which fills caches, is left out."""
    rounds = []
    for _ in range(_ROUNDS + 1):
        start = time.process_time_ns()
        digest_bytes(data)
        made = make_probes(decode(data, limits=Limits()), probe_set=probe_set)
        index.search(np.frombuffer(b"".join(probe.hash for probe in made), np.uint8).reshape(-1, 32), radius=31)
        rounds.append(time.process_time_ns() - start)
    return float(np.median(rounds[1:])) / 1e6
