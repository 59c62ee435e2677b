"""The addresses of these pages: method, path, endpoint."""

from __future__ import annotations

from rempart.server.pages.doors import Endpoint
from rempart.server.pages.reports import listing, switchboard

TABLE: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/reports", listing.outbox_page),
    ("GET", "/reports/environment", switchboard.switch_page),
    ("POST", "/reports/environment/ask", switchboard.ask),
    ("POST", "/reports/environment/off", switchboard.switch_off),
)
