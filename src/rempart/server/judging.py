"""What doors hand to the assessing of cases: the schemes in use, and how long an only person waits."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from rempart.cases.assessing.schemes import Schemes, readable
from rempart.cases.work.settings import current
from rempart.server.service import Service

FOLDER = "schemes"
"""The folder of the data folder in which the operator's own schemes lie."""


def schemes_of(service: Service, conn: Connection) -> Schemes:
    """The schemes that the team has in use, as far as their files can be read."""
    _, rules = current(conn)
    return readable(rules.schemes, folder=service.settings.data / FOLDER)


def alone_after(service: Service) -> timedelta | None:
    """After what time the only person of a declared one-person deployment confirms again."""
    return service.settings.people.alone_after
