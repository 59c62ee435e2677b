"""What the pages for looking show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rempart.provenance.looking import Prompts
from rempart.server.pages.contexts import Context
from rempart.server.pages.sight.panel import Pane, Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturesPage(Context):
    """The pictures of a case on a page of their own."""

    template: ClassVar[str] = "sight/pictures"
    styles: ClassVar[tuple[str, ...]] = ("sight.css",)
    modules: ClassVar[tuple[str, ...]] = ("sight.js",)
    panel: Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class RevealPage(Context):
    """An original: what is asked before it is shown, and then the picture."""

    template: ClassVar[str] = "sight/reveal"
    styles: ClassVar[tuple[str, ...]] = ("sight.css",)
    modules: ClassVar[tuple[str, ...]] = ("sight.js",)
    panel: Panel
    pane: Pane
    pseudonym: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataPage(Context):
    """What the file of a picture says of itself: what is asked before, and then names and values. `pairs` is None while
    nothing is shown; `over`: a look that was granted has ended, or there was nothing to read."""

    template: ClassVar[str] = "sight/metadata"
    styles: ClassVar[tuple[str, ...]] = ("sight.css",)
    panel: Panel
    pane: Pane
    pairs: tuple[tuple[str, str], ...] | None
    over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptsPage(Context):
    """The words with which somebody had a picture made, as `MetadataPage` has names and values."""

    template: ClassVar[str] = "sight/prompts"
    styles: ClassVar[tuple[str, ...]] = ("sight.css", "origins.css")
    panel: Panel
    pane: Pane
    prompts: Prompts | None
    over: bool
