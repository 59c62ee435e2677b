"""The addresses of these pages: method, path, endpoint."""

from __future__ import annotations

from rempart.server.pages.doors import Endpoint
from rempart.server.pages.sight import looking, pictures

TABLE: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/cases/{case}/pictures", looking.pictures_page),
    ("POST", "/cases/{case}/look", looking.look),
    ("POST", "/cases/{case}/cover", looking.cover),
    ("GET", "/cases/{case}/reveal/{item}", looking.reveal_page),
    ("GET", "/cases/{case}/metadata/{item}", looking.metadata_page),
    ("GET", "/cases/{case}/prompts/{item}", looking.prompts_page),
    ("GET", "/cases/{case}/pictures/{grant}", pictures.picture),
)
