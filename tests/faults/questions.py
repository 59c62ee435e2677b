"""Questions drawn from the OpenAPI document of a running server, asked by everyone who may ask anything."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from faults.stand import Stand
from rempart.people.permissions import Scope
from serving import Server, make_key

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
QUESTIONS = 20
"""To each operation in one pass of the long form, valid ones and as many others."""
_PARTS = ("method", "url", "json", "data", "files", "params", "headers")


@schemathesis.serializer("application/x-ndjson")
def _lines(context: Any, value: Any) -> Any:
    """Lines as they are."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@dataclass(slots=True)
class Fuzzed:
    """What was asked, how it was answered, and every answer that the document does not have."""

    asked: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)
    operations: set[str] = field(default_factory=set)

    def told(self) -> str:
        """What is wrong, for people."""
        return "\n".join(f"{name}\n    {what}" for name, what in sorted(self.wrong.items()))


def ask_everything(home: Path, *, passes: int, number: int, seconds: float, questions: int = QUESTIONS) -> Fuzzed:
    """Start a server, ask for so long at most, and say what came back; its log has no traceback."""
    stand = Stand(home, more="[people]\naddress_per_minute = 1000000\n")
    server = stand.start()
    try:
        with ExitStack() as parts:
            asking = Questioner(stand, server, parts, questions=questions)
            asking.run(passes=passes, number=number, until=time.monotonic() + seconds)
    finally:
        server.kill()
    assert not any("Traceback" in line for line in server.log), "".join(server.log[-60:])
    print("seed", number, dict(asking.found.statuses), sum(asking.found.asked.values()), "questions")
    return asking.found


class Questioner:
    """Asks a server as every kind of key, as every role, and as nobody."""

    def __init__(self, stand: Stand, server: Server, parts: ExitStack, *, questions: int) -> None:
        self._questions = questions
        self._schema = schemathesis.openapi.from_dict(httpx.get(f"{server.url}/openapi.json", timeout=30).json())
        self._url = server.url
        with stand.store() as store:
            keys = {f"key {scope}": make_key(store, scope, service="forum") for scope in Scope}
        everything = server.client(stand.key)
        self._askers = {
            "key": everything,
            **{name: server.client(key) for name, key in keys.items()},
            **{name: stand.person(name, server.url) for name in stand.tokens},
            "nobody": httpx.Client(base_url=server.url, timeout=30),
        }
        for client in self._askers.values():
            parts.enter_context(client)
        self._known = _what_is_there(stand, server, everything)
        self._let_in: dict[str, set[str]] = {}
        self.found = Fuzzed(operations={f"{one.method.upper()} {one.path}" for one in self._operations()})

    def run(self, *, passes: int, number: int, until: float) -> None:
        """Some questions to every operation, valid and not, again and again as long as there is time."""
        self._chance = random.Random(number)
        for turn in range(passes):
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                for operation in self._operations():
                    if time.monotonic() > until:
                        return
                    self._ask_about(operation, mode, number=number + turn)

    def _operations(self) -> Iterator[Any]:
        for result in self._schema.get_all_operations():
            yield result.ok()

    def _ask_about(self, operation: Any, mode: GenerationMode, *, number: int) -> None:
        try:
            cases = operation.as_strategy(generation_mode=mode)
        except Exception as err:  # noqa: BLE001 - told by the test
            self.found.wrong[f"{operation.label}: no questions"] = repr(err)
            return

        @seed(number)
        @settings(
            max_examples=self._questions, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=cases)
        def ask(case: Case) -> None:
            self._put(case)

        try:
            ask()
        except Exception as err:  # noqa: BLE001 - told by the test
            if "unsatisfiable" not in type(err).__name__.lower():
                self.found.wrong[f"{operation.label} {mode.value}: {type(err).__name__}"] = str(err)[:400]

    def _asker(self, label: str) -> str:
        """Anyone; more often one whom the operation let in before."""
        known = sorted(self._let_in.get(label, ()))
        return self._chance.choice(known if known and self._chance.random() < 0.6 else sorted(self._askers))

    def _put(self, case: Case) -> None:
        chance = self._chance
        for name, known in self._known.items():
            if name in (case.path_parameters or {}) and chance.random() < 0.6:
                case.path_parameters[name] = chance.choice(known)
        if isinstance((case.query or {}).get("wait"), int | float):
            case.query["wait"] = min(case.query["wait"], 0.1)  # nobody waits for news here
        label = f"{case.operation.method.upper()} {case.operation.path}"
        asker = self._asker(label)
        asked = case.as_transport_kwargs(base_url=self._url)
        asked = {name: asked[name] for name in _PARTS if asked.get(name) is not None}
        client = self._askers[asker]
        try:
            request = _request(client, asked)
        except (httpx.InvalidURL, ValueError, TypeError, AttributeError):
            return  # nothing that could be sent
        try:
            answer = client.send(request)
        except (httpx.LocalProtocolError, AttributeError, TypeError):
            return
        if answer.status_code not in (401, 403):
            self._let_in.setdefault(label, set()).add(asker)
        self.found.asked[label] += 1
        self.found.statuses[answer.status_code] += 1
        request.read()
        if answer.status_code >= 400 and not answer.json().get("hint"):
            self.found.wrong[f"{label}: {answer.status_code} without a hint"] = answer.text[:300]
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            for one in group.exceptions:
                key = f"{label} as {asker}: {answer.status_code}: {getattr(one, 'title', one)}"
                self.found.wrong.setdefault(key, f"{one}"[:500] + f" | {request.content[:200]!r} {request.url}")


def _request(client: httpx.Client, asked: dict[str, Any]) -> httpx.Request:
    body = asked.pop("data", None)
    headers = {
        name: value
        for name, value in dict(asked.pop("headers", {})).items()
        if name.lower() not in ("authorization", "cookie", "content-length", "transfer-encoding", "user-agent")
    }
    content = body if isinstance(body, bytes | str) else None
    return client.build_request(**asked, headers=headers, content=content, data=body if content is None else None)


def _what_is_there(stand: Stand, server: Server, client: httpx.Client) -> dict[str, Sequence[str]]:
    """Names of things that exist, so that not every question is about nothing."""
    for n in range(4):
        client.post("/v1/check", json={"item_id": f"item-{n}", "signals": {"md5": f"{n:032x}"}})
    client.post(
        "/v1/check", params={"item_id": "item-9"}, content=b"no picture" * 9, headers={"Content-Type": "image/png"}
    )
    hook = client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/hook"}).json()["id"]
    lists = [one["id"] for one in client.get("/v1/lists").json()["lists"]]
    with stand.person("curator", server.url) as curator, stand.person("reviewer", server.url) as reviewer:
        entry = {"ref": "e-1", "signals": [{"type": "md5", "value": "9" * 32}]}
        changes = [
            curator.post(f"/v1/lists/{one}/entries", json={"entries": [entry]}).json()["id"] for one in lists
        ]  # fmt: skip
        cases = [one["id"] for one in reviewer.get("/v1/cases").json()["cases"]]
    return {
        "item_id": [f"item-{n}" for n in range(4)], "webhook_id": [hook], "list_id": lists, "changes_id": changes,
        "case_id": cases or ["case_none"], "ref": ["e-1"], "kind": ["md5", "pdq"], "guard": ["canary", "noisy"],
    }  # fmt: skip
