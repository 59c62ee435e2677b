"""Completing the OpenAPI document: problems in place of FastAPI's own errors, on every route that may answer so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rempart.server.problems import MEDIA_TYPE, PROBLEM_SCHEMA, documented

_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_OWN = ("HTTPValidationError", "ValidationError")


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the problems of each operation; operations that said more keep what they said."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _OWN:
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM_SCHEMA
    for path, operation in _operations(document):
        answers = operation.setdefault("responses", {})
        told = answers.get("422")
        if told is not None and MEDIA_TYPE not in told.get("content", {}):
            del answers["422"]
        for status, answer in documented(*_statuses(path, operation)).items():
            answers.setdefault(str(status), answer)
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                yield path, item[method]


def _statuses(path: str, operation: dict[str, Any]) -> tuple[int, ...]:
    """What any operation of its shape may answer: by its key, its parameters, its body."""
    statuses = [429, 503]
    if operation.get("security"):
        statuses += [401, 403]
    if operation.get("parameters") or "requestBody" in operation:
        statuses += [422]
    if "{" in path:
        statuses += [404]
    if "requestBody" in operation:
        statuses += [400, 408, 413, 415]
    return tuple(sorted(statuses))
