"""The addresses of these pages: method, path, endpoint."""

from __future__ import annotations

from rempart.server.pages.desk import acting, danger, items, judging, opening, queue, team, together
from rempart.server.pages.doors import Endpoint

TABLE: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/cases", queue.queue_page),
    ("POST", "/cases/next", queue.take_next),
    ("POST", "/cases/together", together.together),
    ("GET", "/cases/new", opening.new_page),
    ("POST", "/cases/new", opening.open_case),
    ("GET", "/cases/{case}", acting.case),
    ("GET", "/cases/{case}/items", items.items_page),
    ("GET", "/cases/{case}/uploader", items.uploader_page),
    ("GET", "/cases/{case}/danger", danger.danger_page),
    ("POST", "/cases/{case}/danger", danger.say_danger),
    *acting.STEPS,
    *judging.TABLE,
    ("GET", "/work", team.work_page),
    ("POST", "/work", team.change_work),
)
