"""The addresses of these pages: method, path, endpoint."""

from __future__ import annotations

from rempart.server.pages.doors import Endpoint
from rempart.server.pages.origins import showing

TABLE: tuple[tuple[str, str, Endpoint], ...] = (("GET", "/cases/{case}/origin/{item}", showing.origin_page),)
