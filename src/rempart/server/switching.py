"""Filing for real, as a deployment's settings name it: where reports would go, and whether the service knows us."""

from __future__ import annotations

from rempart.reports.cybertip.production import Checked, Target
from rempart.server.cybertips import connection_of
from rempart.server.service import Service
from rempart.settings import Settings


def target_of(settings: Settings) -> Target:
    """Where reports would go for real, and in whose name."""
    told = settings.cybertip
    name = f"{told.reporter_first_name} {told.reporter_last_name}".strip()
    return Target(
        setting=told.environment, address=told.production_url, user=told.production_user, reporter=name,
        email=told.reporter_email,
    )  # fmt: skip


def checked(service: Service) -> Checked:
    """Ask the service whether it knows the credentials. Blocks; raises RefusedError, UnavailableError."""
    target = target_of(service.settings)
    with connection_of(service.settings) as connection:
        return Checked.by_asking(connection, target, at=service.clock())
