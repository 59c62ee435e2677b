"""The addresses of these pages: method, path, endpoint."""

from __future__ import annotations

from rempart.server.pages.doors import Endpoint
from rempart.server.pages.orders import acting, register

TABLE: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/orders", register.orders_page),
    ("GET", "/orders/new", register.new_page),
    ("POST", "/orders/new", register.take),
    ("GET", "/orders/disclosures", register.disclosures_page),
    ("GET", "/orders/{order}", register.order_page),
    ("POST", "/orders/{order}/receipt", acting.receipt),
    ("POST", "/orders/{order}/more-time", acting.more_time),
    ("POST", "/orders/{order}/contest", acting.contest),
    ("POST", "/orders/{order}/contest-ended", acting.contest_ended),
    ("POST", "/orders/{order}/handed-over", acting.handed_over),
    ("POST", "/orders/{order}/destroy", acting.destroy),
    ("POST", "/orders/{order}/release", acting.release),
    ("POST", "/orders/{order}/close", acting.close),
)
