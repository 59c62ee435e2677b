"""The addresses of these pages: method, path, endpoint."""

from __future__ import annotations

from rempart.server.pages.doors import Endpoint

TABLE: tuple[tuple[str, str, Endpoint], ...] = ()
