"""The API of the Stable Diffusion web UI and those that imitate it: txt2img and img2img, answered whole."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.responses import Response

from rempart.gate.answers import AnswerError, Form, garbage, wrong
from rempart.gate.dialect import Output, Read, Route, Told, answer_document, failed, refuse_too_many, request_document
from rempart.gate.keeper import Made
from rempart.gate.limits import GateLimits
from rempart.gate.reading import is_scalar, is_text, is_word, picture, written
from rempart.gate.upstream import Incoming, Outgoing

_TEXTS = frozenset({"prompt", "negative_prompt", "hr_prompt", "hr_negative_prompt"})
_WORDS = frozenset({
    "sampler_name", "sampler_index", "scheduler", "hr_upscaler", "hr_sampler_name", "hr_scheduler",
    "hr_checkpoint_name", "refiner_checkpoint",
})  # fmt: skip
_FIXED = {"send_images": True, "save_images": False, "include_init_images": False}
"""Pictures come back through the gate, and nowhere else does the generator keep or send them."""
_OVERRIDES = frozenset({
    "sd_model_checkpoint", "sd_vae", "CLIP_stop_at_last_layers", "eta_noise_seed_delta", "samples_format",
})  # fmt: skip
_JSON = "application/json"
_MOST_INFO = 256 << 10
_DEPTH = 6
_ELSEWHERE = re.compile(r"://|\\|\.\.|^[/~]|^[A-Za-z]:")


def routes(names: frozenset[str], scripts: frozenset[str]) -> dict[str, Route]:
    """The paths of this API; `names` are further text fields, `scripts` those that the operator lets through."""

    def route(kind: str, *, pictures: bool) -> Route:
        def read(body: bytes, content_type: str, limits: GateLimits) -> Read:
            reader = _Reader(limits, names, scripts)
            return reader.read(body, content_type, path=f"/sdapi/v1/{kind}", pictures=pictures)

        return Route(form=Form.A1111, read=read, told=_told)

    return {
        "/sdapi/v1/txt2img": route("txt2img", pictures=False),
        "/sdapi/v1/img2img": route("img2img", pictures=True),
    }


class _Reader:
    """Reads one request."""

    def __init__(self, limits: GateLimits, names: frozenset[str], scripts: frozenset[str]) -> None:
        self._limits, self._names = limits, names
        self._scripts = {one.lower() for one in scripts}
        self._references: list[bytes | None] = []

    def read(self, body: bytes, content_type: str, *, path: str, pictures: bool) -> Read:
        if content_type.partition(";")[0].strip().lower() != _JSON:
            raise wrong("Send JSON.", status=415, code="media_type")
        told = request_document(body)
        fields = {name: self._field(name, value, pictures=pictures) for name, value in told.items()}
        if pictures and not fields.get("init_images"):
            raise wrong("There is no picture in `init_images`.")
        refuse_too_many(self._limits, fields.get("batch_size"), fields.get("n_iter"))
        outgoing = Outgoing(path=path, content=written(fields | _FIXED), content_type=_JSON)
        said = {name: value for name, value in fields.items() if is_scalar(value) or name in _TEXTS | _WORDS}
        references = tuple(self._references)
        return Read(references=references, outgoing=outgoing, edited=pictures, wants=said)

    def _field(self, name: str, value: Any, *, pictures: bool) -> Any:
        if not is_word(name):
            raise _unknown("?")
        if name in _FIXED:
            if value not in (None, _FIXED[name]):
                raise wrong(f"`{name}` cannot be {json.dumps(value)[:20]} here.", code="field")
            return _FIXED[name]
        if value is None or value in ({}, []):
            return value
        if pictures and name in ("init_images", "mask"):
            return self._pictures(name, value)
        if name == "alwayson_scripts" and isinstance(value, dict):
            return {script: self._script(script, one) for script, one in value.items()}
        if name == "script_args" and isinstance(value, list):
            return [self._argument(one, _DEPTH) for one in value]
        if self._is_plain(name, value):
            return value
        raise _unknown(name)

    def _is_plain(self, name: str, value: Any) -> bool:
        if name == "styles":
            return isinstance(value, list) and len(value) <= 64 and all(is_word(one) for one in value)
        if name == "override_settings":
            return isinstance(value, dict) and all(
                key in _OVERRIDES and (is_scalar(one) or is_word(one)) for key, one in value.items()
            )
        if name == "script_name":
            return isinstance(value, str) and value.lower() in self._scripts
        if name in _WORDS:
            return is_word(value)
        if name in _TEXTS or name in self._names:
            return is_text(value, most=self._limits.text_bytes)
        return is_scalar(value)

    def _pictures(self, name: str, value: Any) -> Any:
        """Bytes in base64 only: what is to be fetched from elsewhere, nobody can look at before."""
        if name == "init_images" and not isinstance(value, list):
            raise _unknown(name)
        return [self._picture(one) for one in value] if name == "init_images" else self._picture(value)

    def _picture(self, value: object) -> bytes | None:
        data = picture(value, most=self._limits.picture_bytes)
        self._references.append(data)
        return data

    def _script(self, name: str, value: Any) -> Any:
        if name.lower() not in self._scripts:
            raise wrong("A script that the operator has not named cannot go through here.", code="script")
        return self._argument(value, _DEPTH)

    def _argument(self, value: Any, depth: int) -> Any:
        """An argument of a script: whatever may be a picture is looked at like a reference."""
        if depth == 0:
            raise _unknown("alwayson_scripts")
        if isinstance(value, dict):
            if not all(map(is_word, value)):
                raise _unknown("alwayson_scripts")
            return {name: self._argument(one, depth - 1) for name, one in value.items()}
        if isinstance(value, list):
            return [self._argument(one, depth - 1) for one in value]
        if is_scalar(value):
            return value
        if is_word(value) and not str(value).startswith("data:") and picture_like(value) is None:
            if _ELSEWHERE.search(str(value)):
                raise wrong("An argument of a script names a file or an address.", code="script")
            return value
        return self._picture(value)


def picture_like(value: object) -> bytes | None:
    """The bytes of a short text that would be read as a tiny picture."""
    found = picture(value, most=512)
    return found if found is not None and len(found) > 40 else None


def _told(answer: Incoming, read: Read, limits: GateLimits) -> Told:
    if answer.status != 200:
        raise failed(answer)
    if answer.media_type != _JSON:
        raise garbage("it is not JSON")
    told = answer_document(answer.body)
    found = told.get("images")
    if not isinstance(found, list) or not found:
        raise garbage("it has no pictures")
    pictures = [picture(one, most=limits.picture_bytes) for one in found]
    if None in pictures:
        raise garbage("one of its pictures cannot be read")
    said: Mapping[str, Any] = read.wants
    info = told.get("info")

    def write(made: Sequence[Made], _: Callable[[Made], str]) -> Response:
        body = {
            "images": [one.data for one in made], "parameters": dict(said),
            "info": info if is_text(info, most=_MOST_INFO) else "{}",
        }  # fmt: skip
        return Response(written(body), 200, {"Cache-Control": "no-store"}, _JSON)

    return Told(outputs=tuple(Output(data=data) for data in pictures), write=write)


def _unknown(name: str) -> AnswerError:
    shown = name[:40] if name.isprintable() else "?"
    return wrong(f"`{shown}` cannot go through here, or not in this form.", code="field")
