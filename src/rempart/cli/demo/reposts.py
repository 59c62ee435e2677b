"""The demo's material on disk: pictures that go on the list, and the re-posts of them that are scanned."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from PIL import Image

from rempart.cli.bench.edits import by_name
from rempart.errors import RefusedError
from rempart.signals.scenes import scene

LISTED = 8
UNLISTED = 6
SIZE = (960, 640)
ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}

EDITS: Sequence[tuple[str, str]] = (
    ("saved again at JPEG quality 20 to 90", "jpeg 20-90"),
    ("made smaller", "resize 0.25-1"),
    ("turned grey", "grey"),
    ("mirrored", "mirror"),
    ("turned a quarter", "quarter turn left"),
    ("as a negative", "negative"),
    ("with a border", "border coloured 2-10 %"),
    ("letterboxed", "letterbox black"),
    ("with a caption above", "caption bar above"),
    ("in a screenshot of a feed", "screenshot feed"),
    ("in a screenshot of a chat", "screenshot chat"),
    ("cropped evenly by up to 20 %", "crop evenly 0-20 % in all"),
    ("cropped from one side by up to 20 %", "crop one side 0-20 %"),
    ("tilted by up to 5°", "tilt 0-5°, cut, same ratio"),
    ("mirrored, then cropped", "mirror + crop evenly"),
)
UNRELATED = "pictures on no list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Where the demo's files are; `made_by` tells the edit of each re-post by its file name."""

    known: Path
    posts: Path
    made_by: dict[str, str]


def _own_pictures(folder: Path) -> list[Image.Image]:
    pictures = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in ENDINGS or not path.is_file():
            continue
        try:
            with Image.open(path) as image:
                image.thumbnail(SIZE)
                pictures.append(image.convert("RGB"))
        except OSError:
            continue  # the demo shows what it can; `rempart scan` is what accounts for every file
        if len(pictures) == LISTED + UNLISTED:
            break
    if len(pictures) < 2:
        raise RefusedError(f"{folder} holds fewer than two pictures.", hint="Name a folder with at least two.")
    return pictures


def prepare(home: Path, *, pictures: Path | None, seed: int = 7) -> Material:
    """Write the pictures for the list into `home/known`, and all re-posts and unrelated pictures into `home/posts`.

    `pictures` is a folder of one's own, of which the first fourteen pictures are used, as copies that fit into
    960×640 pixels; without it
    scenes are drawn. Raises RefusedError when the folder holds fewer than two pictures.
    """
    originals = _own_pictures(pictures) if pictures else [scene(k, SIZE) for k in range(LISTED + UNLISTED)]
    listed = originals[: max(1, len(originals) * LISTED // (LISTED + UNLISTED))]
    material = Material(known=home / "known", posts=home / "posts", made_by={})
    material.known.mkdir(parents=True)
    material.posts.mkdir()
    for number, image in enumerate(listed):
        image.save(material.known / f"picture-{number:02}.png")
        for label, name in EDITS:
            slug = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
            file = material.posts / f"{number:02}-{slug}.jpg"
            file.write_bytes(by_name(name)(image, Random(f"{seed}/{number}/{name}")))  # noqa: S311 - repeatable, not secret
            material.made_by[file.name] = label
    for number, image in enumerate(originals[len(listed) :]):
        file = material.posts / f"other-{number:02}.jpg"
        image.save(file, quality=85)
        material.made_by[file.name] = UNRELATED
    return material
