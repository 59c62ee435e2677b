"""Somebody who goes the way of a notice in a browser without scripts: reads forms, fills them in, sends them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx

from deployment import Deployment


def opened(house: Deployment, **more: Any) -> None:
    """Open the public page of a deployment, with settings of its own."""
    settings = house.runtime.service.settings
    told = {"enabled": True, "regimes": (), "help_minors": (), "help_adults": ()} | more
    object.__setattr__(settings, "notices", settings.notices.model_copy(update=told))


@dataclass
class Page(HTMLParser):
    """What a page holds: its forms by address, with the values that a browser would send, and its text."""

    answer: httpx.Response
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    action: str = ""
    only: str = ""

    def __post_init__(self):
        super().__init__()
        self._inside, self._area, self.words = False, "", []
        self.feed(self.answer.text)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    @property
    def status(self):
        return self.answer.status_code

    def handle_starttag(self, tag, attrs):
        told = {name: value if value is not None else "" for name, value in attrs}
        if tag == "form":
            self._inside = told["action"] == self.only
            self.action = self.action or told["action"]
        if not self._inside or "name" not in told or "form" in told:
            return
        if tag == "textarea":
            self._area, self.fields[told["name"]] = told["name"], ""
        elif tag == "button":
            self.buttons.append((told["name"], told.get("value", "")))
        elif told.get("type") not in ("radio", "checkbox") or "checked" in told:
            self.fields[told["name"]] = told.get("value", "")

    def handle_endtag(self, tag):
        if tag == "textarea":
            self._area = ""
        if tag == "form":
            self._inside = False

    def handle_data(self, data):
        if self._area:
            self.fields[self._area] += data
        else:
            self.words.append(data)


class Walker:
    """Goes the way; `page` is where they are."""

    def __init__(self, client: httpx.Client, lang: str = "en"):
        self.client = client
        self.page = Page(client.get(f"/notice?lang={lang}"), only="/notice")

    def post(self, path: str, fields: dict[str, str], **more) -> httpx.Response:
        files = {name: (None, value.replace("\n", "\r\n")) for name, value in fields.items()}
        return self.client.post(path, files=files, **more)

    def go(self, going: str = "next", **said: str) -> Page:
        """Fill in what is asked and press a button; a value of None clears a field."""
        fields = {name: value.removeprefix("\n") for name, value in self.page.fields.items()}
        fields |= {name: value for name, value in said.items() if value is not None}
        fields = {name: value for name, value in fields.items() if said.get(name, "") is not None}
        self.page = Page(self.post("/notice", fields | {"go": going}), only="/notice")
        return self.page

    @property
    def step(self) -> str:
        return self.page.fields.get("step", "")

    @property
    def shown(self) -> str:
        """The text that the review shows word for word."""
        return Page(self.page.answer, only="/notice/send").fields["notice"].removeprefix("\n")

    def send(self) -> Page:
        self.page = Page(self.post("/notice/send", {"notice": self.shown}), only="/notice")
        return self.page

    def review(self, *, role: str = "self", minor: str = "no", where: str = "https://forum.example/p/1", **said: str):
        """Everything up to the review."""
        self.go(role=role)
        if role != "bystander":
            self.go(minor=minor)
        short = ("note", "insider") if self.is_short else ("note",)
        self.go(where=where, **{name: said[name] for name in short if name in said})
        while self.step not in ("review", ""):
            asked = {"copy": ("signals",), "words": ("explanation", "synthetic", "intimate", "good_faith", "accurate"),
                     "you": ("name", "contact", "signature", "insider")}[self.step]  # fmt: skip
            self.go(**{name: said[name] for name in asked if name in said})
        assert self.step == "review", self.page.text
        return self.page

    @property
    def is_short(self) -> bool:
        return "insider" in self.page.answer.text
