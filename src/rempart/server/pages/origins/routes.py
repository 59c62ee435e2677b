"""The addresses of these pages: method, path, endpoint."""

from __future__ import annotations

from rempart.server.pages.doors import Endpoint
from rempart.server.pages.origins import comparing, showing

TABLE: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/cases/{case}/origin/{item}", showing.origin_page),
    ("GET", "/cases/{case}/compare/{item}", comparing.compare_page),
    ("POST", "/cases/{case}/compare/{item}", comparing.compare),
)
