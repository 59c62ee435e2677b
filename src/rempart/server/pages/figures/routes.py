"""The addresses of the pages of figures, second looks and oversight."""

from __future__ import annotations

from rempart.server.pages.doors import Endpoint
from rempart.server.pages.figures import looking, overseeing, statistics

TABLE: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/statistics", statistics.statistics_page),
    ("GET", "/statistics/chart/{name}", statistics.chart),
    ("GET", "/statistics/table/{name}", statistics.csv),
    ("GET", "/quality", looking.quality_page),
    ("POST", "/quality/next", looking.take_next),
    ("GET", "/quality/{case}", looking.look_page),
    ("POST", "/quality/{case}", looking.answer),
    ("GET", "/oversight", overseeing.oversight_page),
    ("GET", "/oversight/{flag}", overseeing.flag_page),
    ("POST", "/oversight/{flag}", overseeing.acknowledge),
)
