"""The addresses of these pages: method, path, endpoint."""

from __future__ import annotations

from rempart.server.pages.care import own, training
from rempart.server.pages.doors import Endpoint

TABLE: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/care", own.care_page),
    ("POST", "/care/limits", own.set_limits),
    ("POST", "/care/stop", own.stop),
    ("GET", "/care/stopped", own.stopped_page),
    ("GET", "/care/team", own.team_page),
    ("GET", "/training", training.trainings_page),
    ("POST", "/training", training.begin),
    ("GET", "/training/{run}", training.training_page),
    ("POST", "/training/{run}/look", training.look),
    ("POST", "/training/{run}/cover", training.cover),
    ("GET", "/training/{run}/reveal/{item}", training.reveal_page),
    ("GET", "/training/{run}/pictures/{look}", training.picture),
    ("POST", "/training/{run}/answer", training.answer),
)
