"""The addresses of these pages: method, path, endpoint."""

from __future__ import annotations

from rempart.server.pages.doors import Endpoint
from rempart.server.pages.referrals import acting, reading

TABLE: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/referrals", reading.list_page),
    ("POST", "/referrals", acting.draft),
    ("GET", "/referrals/new", reading.new_page),
    ("POST", "/referrals/counted", acting.counted),
    ("GET", "/referrals/{referral}", reading.referral_page),
    ("POST", "/referrals/{referral}/ask", acting.ask),
    ("POST", "/referrals/{referral}/alone", acting.alone),
    ("POST", "/referrals/{referral}/review", acting.review),
    ("POST", "/referrals/{referral}/withdraw", acting.withdraw),
    ("POST", "/referrals/{referral}/package", acting.package),
    ("POST", "/referrals/{referral}/handed-over", acting.hand_over),
)
