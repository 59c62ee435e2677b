"""A gate on a real port between a real generator and a real service, each small, each of which can fail."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from openai import OpenAI

from gateservice import KEY, Service, gateservice
from generators import Generator, generating
from inprocess import served
from rempart.gate.limits import GateLimits
from rempart.gate.proxy import Gate
from rempart.gate.service import ServiceKeeper
from rempart.gate.setup import open_gate

PATIENT = GateLimits(upstream_seconds=10, body_seconds=5)


@dataclass(slots=True, kw_only=True)
class Stage:
    """The three, a plain client, and the client library of the API."""

    url: str
    generator: Generator
    service: Service
    http: httpx.Client
    client: OpenAI
    gate: Gate | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Whatever gate stands there now."""
        assert self.gate is not None
        await self.gate(scope, receive, send)


@pytest.fixture(scope="session")
def ground() -> Iterator[Stage]:
    """The servers, once for all tests."""
    with generating() as generator, gateservice() as service, httpx.Client(timeout=20) as http:
        here = Stage(url="", generator=generator, service=service, http=http, client=None)  # type: ignore[arg-type]
        with served(here) as url, OpenAI(base_url=f"{url}/v1", api_key="sk-their-own", max_retries=0) as client:
            here.url, here.client = url, client
            yield here


@pytest.fixture
def stage(ground: Stage) -> Callable[..., Stage]:
    """Sets the stage anew; options are those of `open_gate`."""

    def make(
        *, limits: GateLimits = PATIENT, seconds: float = 10.0, upstream: str = "", server: str = "", **options: Any
    ) -> Stage:  # fmt: skip
        for one in (ground.generator, ground.service):
            one.behaviours, one.asked = [], []
        ground.generator.pictures = {}
        ground.service.refused, ground.service.records, ground.service.slow = set(), set(), 0.0
        keeper = ServiceKeeper(server or ground.service.url, KEY, generator="painter", seconds=seconds)
        ground.gate = open_gate(upstream or ground.generator.url, keeper, limits=limits, **options)
        return ground

    return make
