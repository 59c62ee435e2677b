"""What tests of the scan share: small lists, the command as a real process, and results read back."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rempart.lists.build import ListBuilder
from rempart.lists.entry import Category, Entry, EntrySignal
from rempart.lists.schemes import built_in
from rempart.signals.values import Md5, Sha256, Signal

SOURCE = Path(__file__).resolve().parents[1] / "src"


def build_list(path: Path, signals: Iterable[Signal], *, scheme: str = "listed", code: str = "listed") -> Path:
    """A list file named after its path, one entry per signal."""
    with ListBuilder(path, name=path.stem, schemes=built_in(), created=datetime(2026, 1, 1, tzinfo=UTC)) as builder:
        for number, signal in enumerate(signals):
            category = Category(scheme=scheme, code=code)
            builder.add(Entry(id=f"e{number}", signals=(EntrySignal(signal=signal),), category=category))
        builder.finish([])
    return path


def known_good_list(path: Path, signals: Iterable[Signal]) -> Path:
    """A list whose entries are benign."""
    return build_list(path, signals, scheme="known-good", code="known")


def sha256(data: bytes) -> Sha256:
    return Sha256(hashlib.sha256(data).digest())


def md5(data: bytes) -> Md5:
    return Md5(hashlib.md5(data).digest())


def rempart(*arguments: object, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """`rempart …` as a process of its own; never raises for its exit code."""
    return subprocess.run(command(*arguments), env=environment(), capture_output=True, timeout=100, **options)


def command(*arguments: object) -> list[str | bytes]:
    given = [argument if isinstance(argument, bytes) else str(argument) for argument in arguments]
    return [sys.executable, "-m", "rempart", *given]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONWARNINGS": "error"}


def objects(output: bytes) -> list[dict[str, Any]]:
    """The JSON Lines of a scan."""
    return [json.loads(line) for line in output.splitlines()]


def by_path(output: bytes) -> dict[str, dict[str, Any]]:
    """The JSON Lines of a scan by path; a path that stands there twice is an error."""
    found: dict[str, dict[str, Any]] = {}
    for one in objects(output):
        assert one["path"] not in found, f"{one['path']} stands there twice"
        found[one["path"]] = one
    return found


def results(output: bytes, root: Path | None = None) -> dict[str, str]:
    """Path (relative to `root`) → result."""
    prefix = "" if root is None else f"{root}/"
    return {path.removeprefix(prefix): one["result"] for path, one in by_path(output).items()}


def write_all(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def names(lines: Sequence[dict[str, Any]]) -> list[str]:
    return [one["path"] for one in lines]
