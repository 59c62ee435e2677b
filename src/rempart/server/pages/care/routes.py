"""The addresses of these pages: method, path, endpoint."""

from __future__ import annotations

from rempart.server.pages.care import own
from rempart.server.pages.doors import Endpoint

TABLE: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/care", own.care_page),
    ("POST", "/care/limits", own.set_limits),
    ("POST", "/care/stop", own.stop),
    ("GET", "/care/stopped", own.stopped_page),
    ("GET", "/care/team", own.team_page),
)
