"""The words of the report page, one data file per language; the same keys in each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources

LANGUAGES = ("en", "fr")


def texts(lang: str) -> Mapping[str, str]:
    """The sentences of a language by key; `{name}` in them stands for a value. KeyError for an unknown language."""
    if lang not in LANGUAGES:
        raise KeyError(lang)
    data = (resources.files("rempart.scan.results") / f"report.{lang}.json").read_text("utf-8")
    found: Mapping[str, str] = json.loads(data)
    return found
