"""The options that set what one file may cost, shared by the commands that decode."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

from rempart.signals.outcome import Limits

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def read_size(context: click.Context, option: click.Parameter, value: str) -> int:
    """A number of bytes as people write it: `262144`, `256M`, `2GiB` (powers of 1024)."""
    found = re.fullmatch(r"(\d+)\s*([kmg]?)(?:i?b)?", value.strip().lower())
    if found is None or int(found[1]) == 0:
        raise click.BadParameter(f"{value!r} is no size; write for example 256M or 2G.", context, option)
    return int(found[1]) * _UNITS[found[2]]


def limit_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --max-memory, --max-seconds, --max-pixels and --max-bytes; read them with `limits_from`."""
    default = Limits()
    options = (
        click.option(
            "--max-memory",
            callback=read_size,
            default=str(default.memory_bytes),
            help="Memory of one worker. [2G]",
        ),
        click.option(
            "--max-seconds",
            type=click.FloatRange(min=0, min_open=True),
            default=default.seconds,
            help="Time for one picture. [20]",
        ),
        click.option(
            "--max-pixels",
            type=click.IntRange(min=1),
            default=default.pixels,
            help="Width × height. [200000000]",
        ),
        click.option(
            "--max-bytes",
            callback=read_size,
            default=str(default.file_bytes),
            help="Size of a picture file; a longer one gets digests only. [256M]",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def limits_from(max_memory: int, max_seconds: float, max_pixels: int, max_bytes: int) -> Limits:
    """The limits that the options say."""
    return Limits(memory_bytes=max_memory, seconds=max_seconds, pixels=max_pixels, file_bytes=max_bytes)
