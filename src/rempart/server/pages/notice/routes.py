"""The addresses of these pages: method, path, endpoint."""

from __future__ import annotations

from rempart.server.pages.doors import Endpoint
from rempart.server.pages.notice import asking, following, protecting

TABLE: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/notice", asking.start),
    ("POST", "/notice", asking.step),
    ("POST", "/notice/send", asking.send),
    ("GET", "/notice/protect", protecting.start),
    ("POST", "/notice/protect", protecting.protect),
    ("GET", "/notice/{number}", following.number_page),
    ("POST", "/notice/{number}", following.case_page),
)
