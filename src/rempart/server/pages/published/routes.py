"""The addresses of these pages: method, path, endpoint."""

from __future__ import annotations

from rempart.server.pages.doors import Endpoint
from rempart.server.pages.published import figures
from rempart.server.pages.published.showing import PATH

TABLE: tuple[tuple[str, str, Endpoint], ...] = (("GET", PATH, figures.transparency),)
