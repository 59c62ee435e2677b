"""The addresses of these pages: method, path, endpoint."""

from __future__ import annotations

from rempart.server.pages.doors import Endpoint
from rempart.server.pages.reports import acting, filling, listing, looking, switchboard

TABLE: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/reports", listing.outbox_page),
    ("GET", "/reports/environment", switchboard.switch_page),
    ("POST", "/reports/environment/ask", switchboard.ask),
    ("POST", "/reports/environment/off", switchboard.switch_off),
    ("GET", "/reports/{report}", looking.report),
    ("GET", "/reports/{report}/preview", looking.preview),
    ("GET", "/reports/{report}/receipts/{run}", looking.receipt),
    ("GET", "/reports/{report}/steps/{step}", filling.step_page),
    ("POST", "/reports/{report}/steps/{step}", filling.save),
    ("POST", "/reports/{report}/files/{number}/leave-out", filling.leave_out),
    ("POST", "/reports/{report}/hashes", filling.hashes_alone),
    *acting.STEPS,
)
