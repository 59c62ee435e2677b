"""The images API that OpenAI made and others imitate: generations, edits, variations; whole answers and streams.

Of a stream nothing goes out before all of it came and its finished pictures were checked. Partial pictures are
neither asked for nor passed on: they are what the generator made, and nobody has looked at them.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.responses import Response

from rempart.gate.answers import AnswerError, Form, garbage, wrong
from rempart.gate.dialect import Output, Read, Route, Told, answer_document, failed, refuse_too_many, request_document
from rempart.gate.events import read_events
from rempart.gate.forms import read_form
from rempart.gate.keeper import Made
from rempart.gate.limits import GateLimits
from rempart.gate.reading import is_scalar, is_scalar_text, is_text, is_word, picture, written
from rempart.gate.upstream import Incoming, Outgoing
from rempart.signals.mediatype import HEAD_BYTES, sniff

_TEXTS = frozenset({"prompt", "negative_prompt"})
_WORDS = frozenset({
    "model", "size", "quality", "style", "background", "moderation", "output_format", "response_format", "user",
    "safety_identifier", "input_fidelity", "complexity",
})  # fmt: skip
_FILES = frozenset({"image", "image[]", "mask", "markup"})
_NEVER = frozenset({"partial_images"})
_EVENTS = {"generations": "image_generation", "edits": "image_edit", "variations": "image_edit"}
_JSON, _STREAM, _MULTIPART = "application/json", "text/event-stream", "multipart/form-data"
_ABOUT = ("background", "output_format", "quality", "size")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wants:
    stream: bool
    event: str
    model: str


def routes(names: frozenset[str]) -> dict[str, Route]:
    """The paths of this API; `names` are further text fields that the operator lets through."""

    def route(kind: str, *, pictures: bool) -> Route:
        def read(body: bytes, content_type: str, limits: GateLimits) -> Read:
            path = f"/v1/images/{kind}"
            return _read(body, content_type, limits, path=path, pictures=pictures, names=names)

        return Route(form=Form.OPENAI, read=read, told=_told)

    return {
        "/v1/images/generations": route("generations", pictures=False),
        "/v1/images/edits": route("edits", pictures=True),
        "/v1/images/variations": route("variations", pictures=True),
    }


def _read(
    body: bytes, content_type: str, limits: GateLimits, *, path: str, pictures: bool, names: frozenset[str]
) -> Read:  # fmt: skip
    kind = content_type.partition(";")[0].strip().lower()
    if kind == _MULTIPART and pictures:
        fields, files = _form_fields(body, content_type, limits, names)
        references: list[bytes | None] = [data for _, data in files]
        outgoing = _form(path, fields, files)
    elif kind == _JSON:
        fields, references = _json_fields(request_document(body), limits, names, pictures=pictures)
        outgoing = Outgoing(path=path, content=written(fields), content_type=_JSON)
    else:
        raise wrong("Send JSON, or a form where pictures go with the request.", status=415, code="media_type")
    if pictures and not references:
        raise wrong("There is no picture in the request.")
    refuse_too_many(limits, fields.get("n"))
    wants = _Wants(
        stream=fields.get("stream") in (True, "true", "True", "1", 1),
        event=_EVENTS[path.rpartition("/")[2]], model=str(fields.get("model") or ""),
    )  # fmt: skip
    return Read(
        references=tuple(references), outgoing=outgoing, user=_user(fields), edited=pictures, wants=wants
    )  # fmt: skip


def _user(fields: Mapping[str, Any]) -> str | None:
    return next((str(fields[name]) for name in ("user", "safety_identifier") if fields.get(name)), None)


def _form_fields(
    body: bytes, content_type: str, limits: GateLimits, names: frozenset[str]
) -> tuple[dict[str, Any], list[tuple[str, bytes]]]:  # fmt: skip
    fields: dict[str, Any] = {}
    files: list[tuple[str, bytes]] = []
    for part in read_form(body, content_type, limits=limits):
        if part.name in _FILES:
            if part.name != "image[]" and part.name != "image" and any(name == part.name for name, _ in files):
                raise wrong(f"`{part.name}` stands there twice.")
            files.append((part.name, part.data))
            continue
        if part.is_file or part.name in fields or not is_word(part.name):
            raise _unknown(part.name)
        try:
            value = part.data.decode("utf-8")
        except UnicodeDecodeError as err:
            raise _unknown(part.name) from err
        if not _is_known(part.name, value, limits, names) and not is_scalar_text(value):
            raise _unknown(part.name)
        fields[part.name] = value
    return {name: value for name, value in fields.items() if name not in _NEVER}, files


def _json_fields(
    told: dict[str, Any], limits: GateLimits, names: frozenset[str], *, pictures: bool
) -> tuple[dict[str, Any], list[bytes | None]]:  # fmt: skip
    references: list[bytes | None] = []
    fields: dict[str, Any] = {}
    for name, value in told.items():
        if pictures and name in ("images", "mask", "markup"):
            found = [value] if name != "images" else value
            if not isinstance(found, list):
                raise _unknown(name)
            written = [_json_picture(one, limits) for one in found]
            references += [data for data, _ in written]
            fields[name] = [link for _, link in written] if name == "images" else written[0][1]
        elif name in _NEVER:
            continue
        elif is_word(name) and (_is_known(name, value, limits, names) or is_scalar(value)):
            fields[name] = value
        else:
            raise _unknown(name)
    return fields, references


def _json_picture(value: object, limits: GateLimits) -> tuple[bytes | None, dict[str, str]]:
    """A picture in a JSON body. Where it lies elsewhere, nobody could look at what the generator will fetch."""
    if not isinstance(value, dict) or set(value) != {"image_url"}:
        raise wrong("A picture is sent with the request, as `image_url` with a data: address.")
    link = value["image_url"]
    if not isinstance(link, str) or not link.startswith("data:"):
        raise wrong("A picture is sent with the request, as `image_url` with a data: address.")
    data = picture(link, most=limits.picture_bytes)
    return data, {} if data is None else {"image_url": f"data:{_media_type(data)};base64,{_base64(data)}"}


def _is_known(name: str, value: object, limits: GateLimits, names: frozenset[str]) -> bool:
    if name in _WORDS:
        return is_word(value)
    return (name in _TEXTS or name in names) and is_text(value, most=limits.text_bytes)


def _unknown(name: str) -> AnswerError:
    shown = name[:40] if name.isprintable() else "?"
    return wrong(f"`{shown}` cannot go through here, or not in this form.", code="field")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _media_type(data: bytes) -> str:
    return sniff(data[:HEAD_BYTES]) or "application/octet-stream"


def _form(path: str, fields: Mapping[str, Any], files: Sequence[tuple[str, bytes]]) -> Outgoing:
    """The form written anew: what the generator reads is what was read here."""
    sent = []
    for number, (name, data) in enumerate(files, 1):
        kind = _media_type(data)
        sent.append((name, (f"picture-{number}.{kind.rpartition('/')[2]}", data, kind)))
    made = httpx.Request("POST", "http://generator/", data=dict(fields), files=sent)
    return Outgoing(path=path, content=made.read(), content_type=made.headers["content-type"])


def _told(answer: Incoming, read: Read, limits: GateLimits) -> Told:
    wants: _Wants = read.wants
    if answer.status != httpx.codes.OK:
        raise failed(answer)
    if wants.stream:
        if answer.media_type != _STREAM:
            raise garbage("a stream was asked for")
        return _told_events(answer.body, wants, limits)
    if answer.media_type != _JSON:
        raise garbage("it is not JSON")
    return _told_document(answer_document(answer.body), limits)


def _told_document(told: dict[str, Any], limits: GateLimits) -> Told:
    data = told.get("data")
    if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
        raise garbage("it has no pictures")
    outputs = tuple(_output(one, limits) for one in data)

    def write(made: Sequence[Made], address: Callable[[Made], str]) -> Response:
        given = []
        for said, picked, output in zip(data, made, outputs, strict=True):
            inline = output.url is None
            entry = {"b64_json": picked.data} if inline else {"url": address(picked)}
            if is_text(said.get("revised_prompt"), most=limits.text_bytes):
                entry["revised_prompt"] = said["revised_prompt"]
            given.append(entry)
        return _json_response(_kept(told, made, ("created", *_ABOUT)) | {"data": given})

    return Told(outputs=outputs, write=write)


def _output(one: Mapping[str, Any], limits: GateLimits) -> Output:
    inline, url = one.get("b64_json"), one.get("url")
    if (inline is None) == (url is None):
        raise garbage("one of its pictures is missing, or there twice")
    if inline is None:
        if isinstance(url, str) and url.startswith("data:"):
            data = picture(url, most=limits.picture_bytes)
            if data is None:
                raise garbage("one of its pictures cannot be read")
            return Output(data=data)
        return Output(url=str(url))
    data = picture(inline, most=limits.picture_bytes)
    if data is None:
        raise garbage("one of its pictures cannot be read")
    return Output(data=data)


def _told_events(body: bytes, wants: _Wants, limits: GateLimits) -> Told:
    finished = []
    for data in read_events(body):
        if data == "[DONE]":
            continue
        event = answer_document(data.encode())
        if isinstance(event.get("error"), dict):
            raise failed(Incoming(status=502, media_type=_JSON, body=data.encode(), headers={}))
        if event.get("type") == f"{wants.event}.completed":
            finished.append(event)
    if not finished:
        raise garbage("it ended before a picture was finished")
    outputs = tuple(_output({"b64_json": one.get("b64_json")}, limits) for one in finished)

    def write(made: Sequence[Made], _: Callable[[Made], str]) -> Response:
        parts = []
        for event, one in zip(finished, made, strict=True):
            told = {"type": event["type"], "b64_json": one.data}
            told |= _kept(event, [one], ("created_at", *_ABOUT))
            parts.append(f"event: {event['type']}\ndata: {written(told).decode()}\n\n")
        return Response("".join(parts).encode(), 200, {"Cache-Control": "no-store"}, _STREAM)

    return Told(outputs=outputs, write=write)


def _kept(told: Mapping[str, Any], made: Sequence[Made], names: Sequence[str]) -> dict[str, Any]:
    """What may be said beside the pictures: short words, and numbers of use."""
    kept = {name: told[name] for name in names if name in told and (is_scalar(told[name]) or is_word(told[name]))}
    if kept.get("output_format") is not None and made:
        kept["output_format"] = made[0].media_type.rpartition("/")[2]
    if (usage := _numbers(told.get("usage"), depth=2)) is not None:
        kept["usage"] = usage
    return kept


def _numbers(value: object, *, depth: int) -> dict[str, Any] | None:
    if not isinstance(value, dict) or depth == 0 or len(value) > 16:
        return None
    found: dict[str, Any] = {}
    for name, one in value.items():
        if not is_word(name):
            continue
        if isinstance(one, dict):
            found[name] = _numbers(one, depth=depth - 1)
        elif is_scalar(one):
            found[name] = one
    return found


def _json_response(body: Mapping[str, Any]) -> Response:
    return Response(written(body), 200, {"Cache-Control": "no-store"}, _JSON)
