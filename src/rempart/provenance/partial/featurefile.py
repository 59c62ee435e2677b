"""Features as bytes: what is sealed of a listed picture, and what the decode worker tells of an upload.

Little-endian: the number of features (4 bytes), their keys (32 bytes each), their places (x, y, size and angle, 4 bytes
each). Whoever reads them checks every length and number: the worker decoded untrusted bytes.
"""

from __future__ import annotations

import numpy as np

from rempart.errors import CorruptFileError
from rempart.provenance.partial.features import EDGE, KEY_BYTES, Features

MOST = 4096
"""Features of one picture."""
_COUNT = 4
_PLACE = 16
MOST_BYTES = _COUNT + MOST * (KEY_BYTES + _PLACE)
_LARGEST = 1e4


def write_features(features: Features) -> bytes:
    """Features as bytes, the same for the same features."""
    count = len(features).to_bytes(_COUNT, "little")
    return count + features.keys.tobytes() + features.places.astype("<f4").tobytes()


def read_features(data: bytes | memoryview) -> Features:
    """The features in these bytes. Raises CorruptFileError for whatever `write_features` would not have written."""
    count = int.from_bytes(data[:_COUNT], "little")
    if count > MOST or len(data) != _COUNT + count * (KEY_BYTES + _PLACE):
        raise CorruptFileError("These features are damaged.")
    keys = np.frombuffer(data, np.uint8, count * KEY_BYTES, _COUNT).reshape(count, KEY_BYTES)
    places = np.frombuffer(data, "<f4", count * 4, _COUNT + count * KEY_BYTES).reshape(count, 4).astype(np.float32)
    within = np.isfinite(places).all() and (np.abs(places[:, :2]) <= 2 * EDGE).all()
    if not (within and (places[:, 2] > 0).all() and (places[:, 2:] <= _LARGEST).all() and (places[:, 3] >= -360).all()):
        raise CorruptFileError("These features are damaged.")
    return Features(keys=keys, places=places)
