"""The addresses of these pages: method, path, endpoint."""

from __future__ import annotations

from rempart.server.pages.doors import Endpoint
from rempart.server.pages.notices import acting, reading, stating

TABLE: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/notices", reading.notices_page),
    ("GET", "/notices/{notice}", reading.notice_page),
    ("POST", "/notices/{notice}/unfounded", acting.unfounded),
    ("POST", "/notices/{notice}/warn", acting.warn),
    ("POST", "/notices/{notice}/take-back", acting.take_back),
    ("POST", "/notices/{notice}/sender", acting.tell),
    ("POST", "/notices/{notice}/track", acting.switch_track),
    ("POST", "/notices/{notice}/file", acting.whole_file),
    ("GET", "/notices/{notice}/letters/{letter}", reading.letter_page),
    ("GET", "/reasons", stating.reasons_page),
    ("GET", "/reasons/{reason}", stating.reason_page),
    ("POST", "/reasons/{reason}/delay", stating.delay),
    ("POST", "/reasons/{reason}/undelay", stating.undelay),
)
