"""The addresses of the pages of figures, second looks and oversight."""

from __future__ import annotations

from rempart.server.pages.doors import Endpoint
from rempart.server.pages.figures import statistics

TABLE: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/statistics", statistics.statistics_page),
    ("GET", "/statistics/chart/{name}", statistics.chart),
    ("GET", "/statistics/table/{name}", statistics.csv),
)
