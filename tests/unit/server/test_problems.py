"""Errors as problem details."""

import inspect
import json

import pytest

from rempart import errors
from rempart.errors import RempartError, TooManyRequestsError
from rempart.server.openapi import complete
from rempart.server.problems import ProblemError, documented, from_error, status_of

ALL = [found for _, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, RempartError)]


@pytest.mark.parametrize("error", ALL)
def test_every_error_is_a_problem_of_four_or_five_hundred(error):
    answer = from_error(error())
    body = json.loads(answer.body)
    assert 400 <= answer.status_code < 600
    assert body["status"] == answer.status_code
    assert body["type"].startswith("urn:rempart:problem:")
    assert {"title", "detail", "hint"} <= set(body)


def test_what_the_caller_cannot_mend_is_never_a_refusal():
    assert status_of(errors.StoreUnavailableError())[0] == 503
    assert status_of(errors.StorageFullError())[0] == 503
    assert status_of(errors.CorruptFileError())[0] == 503
    assert status_of(errors.InvalidSignalError())[0] == 422


def test_an_answer_to_try_again_says_when():
    assert from_error(errors.StoreUnavailableError()).headers["retry-after"]
    assert from_error(TooManyRequestsError(retry_after=6.2)).headers["retry-after"] == "7"
    assert from_error(errors.NotSignedInError()).headers["www-authenticate"] == "Bearer"


def test_a_problem_of_the_door_keeps_its_status_and_hangs_up_where_it_must():
    answer = from_error(ProblemError(408, "late", hint="hurry", close=True))
    assert (answer.status_code, answer.headers["connection"]) == (408, "close")


def test_operations_are_completed_with_the_problems_they_may_answer():
    document = {
        "paths": {
            "/a/{b}": {
                "put": {
                    "security": [{}], "parameters": [{}], "requestBody": {},
                    "responses": {
                        "200": {}, "404": {"description": "mine"}, "422": {"content": {"application/json": {}}},
                    },
                }
            },
            "/c": {"get": {"responses": {"200": {}}}},
        }
    }  # fmt: skip
    done = complete(document)
    answers = done["paths"]["/a/{b}"]["put"]["responses"]
    assert set(answers) == {str(n) for n in (200, 400, 401, 403, 404, 408, 413, 415, 422, 429, 503)}
    assert answers["404"] == {"description": "mine"}
    assert answers["422"] == documented(422)[422]
    assert set(done["paths"]["/c"]["get"]["responses"]) == {"200", "429", "503"}
    assert "Problem" in done["components"]["schemas"]
