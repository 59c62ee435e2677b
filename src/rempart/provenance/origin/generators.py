"""Traces that generators leave in a picture's text: told by their form, and never taken apart.

No JSON is parsed: the text is a stranger's, may be megabytes and nested without end, and its form says enough. What is
in it that somebody typed is kept apart as prompts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from rempart.provenance.origin.saying import Said
from rempart.provenance.origin.values import Declaration, Ground, Place, short

Texts = Mapping[str, str]
_LOOKED_AT = 1 << 20
"""Forms are looked for in so much of a text; how they are used shows early."""

_STEPS = re.compile(r"\bSteps: ?\d{1,6},? ")
_SAMPLER = re.compile(r"\b(?:Sampler|CFG scale|Seed): ?")
_FORGE = re.compile(r"\bVersion: (?:f\d|[\w.-]*forge|neo)", re.IGNORECASE)
_FOOOCUS = re.compile(r"(?:\"version\": ?\"|\bVersion: ?)(?:Simple)?Fooocus", re.IGNORECASE)
_FOOOCUS_FIELDS = (re.compile(r"\"base_model\"(?:_hash)?"), re.compile(r"\"(?:performance|sharpness|guidance_scale)\""))
_NODE = re.compile(r"\"class_type\" ?: ?\"")
_GRAPH = (re.compile(r"\"(?:last_node_id|nodes)\" ?:"), re.compile(r"\"(?:links|last_link_id|widgets_values)\" ?:"))
_JOB = re.compile(r"\bJob ID: ?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_NOVEL = re.compile(r"\"signed_hash\" ?:|\"request_type\" ?: ?\"PromptGenerateRequest\"")
_DRAW_THINGS = (re.compile(r"\"v2\" ?:"), re.compile(r"\"uc\" ?:"), re.compile(r"\"sampler\" ?:"))
_CREDIT = re.compile(
    r"\b(made|created|generated|edited|imagined) with (google|meta|adobe firefly)(?: ?ai)?\b|\bimagined with ai\b",
    re.IGNORECASE,
)
_PROGRAMS: Mapping[str, str] = {
    "novelai": "NovelAI", "comfyui": "ComfyUI", "invokeai": "InvokeAI", "fooocus": "Fooocus",
    "midjourney": "Midjourney", "dall-e": "DALL-E", "dall·e": "DALL-E", "stable diffusion": "Stable Diffusion",
    "adobe firefly": "Adobe Firefly", "draw things": "Draw Things", "ideogram": "Ideogram",
    "easy diffusion": "Easy Diffusion", "swarmui": "SwarmUI", "stability.ai": "Stability AI",
    "automatic1111": "A1111/Forge",
}  # fmt: skip
_PROGRAM_FIELDS = ("Software", "software", "CreatorTool", "Make", "Source", "OriginatingProgram")
_TYPED = ("parameters", "UserComment", "ImageDescription", "XPComment", "Description", "Comment", "COM", "description")
_INVOKE = ("invokeai_metadata", "invokeai_workflow", "invokeai_graph", "sd-metadata", "Dream", "dream")


def traced(texts: Texts, *, place: Place) -> Said:
    """What the texts of one place say of a generator, by their fields' names there."""
    looked = {name: text[:_LOOKED_AT] for name, text in texts.items() if text}
    for rule in _RULES:
        found = rule(looked)
        if found is not None:
            name, fields = found
            prompts = tuple((field, texts[field]) for field in fields if texts[field].strip())
            ground = Ground(place=place, says=Declaration.AI_MADE, text=name)
            return Said(grounds=(ground,), generator=name, prompts=prompts)
    return Said()


def credited(text: str, *, place: Place, edited: bool = False) -> Said:
    """What a credit line says: `Made with Google AI` and its like. `edited`: beside it stands that a generator only
    changed the picture."""
    found = _CREDIT.search(text)
    if found is None:
        return Said()
    changed = edited or (found[1] or "").lower() == "edited"
    says = Declaration.AI_EDITED if changed else Declaration.AI_MADE
    maker = {"google": "Google AI", "meta": "Meta AI", "adobe firefly": "Adobe Firefly"}.get((found[2] or "").lower())
    return Said(grounds=(Ground(place=place, says=says, text=short(found[0])),), generator=maker)


def named(program: str) -> str | None:
    """The generator that a program's name is of, or None."""
    told = program.strip().lower()
    return next((name for start, name in _PROGRAMS.items() if told.startswith(start)), None)


_Trace = tuple[str, tuple[str, ...]]


def _typed(texts: Texts) -> Iterator[tuple[str, str]]:
    return ((name, texts[name]) for name in _TYPED if name in texts)


def _invoke(texts: Texts) -> _Trace | None:
    fields = tuple(name for name in _INVOKE if name in texts)
    return ("InvokeAI", fields) if fields else None


def _novel(texts: Texts) -> _Trace | None:
    said = texts.get("Software", ""), texts.get("Source", "")
    if any(one.startswith("NovelAI") for one in said) or _NOVEL.search(texts.get("Comment", "")):
        return "NovelAI", tuple(name for name in ("Description", "Comment", "UserComment") if name in texts)
    return None


def _comfy(texts: Texts) -> _Trace | None:
    places = ("prompt", "workflow", "Make", "Model", "ImageDescription", "UserComment", "Comment")
    fields = tuple(
        name for name in places
        if name in texts and (_NODE.search(texts[name]) or all(form.search(texts[name]) for form in _GRAPH))
    )  # fmt: skip
    return ("ComfyUI", fields) if fields else None


def _fooocus(texts: Texts) -> _Trace | None:
    for name, text in _typed(texts):
        whole = text.startswith("{") and all(form.search(text) for form in _FOOOCUS_FIELDS)
        if _FOOOCUS.search(text) or whole:
            return "Fooocus", (name,)
    if "fooocus_scheme" in texts:
        return "Fooocus", tuple(name for name in ("parameters", "UserComment") if name in texts)
    return None


def _swarm(texts: Texts) -> _Trace | None:
    return next((("SwarmUI", (name,)) for name, text in _typed(texts) if '"sui_image_params"' in text), None)


def _easy(texts: Texts) -> _Trace | None:
    if "use_stable_diffusion_model" in texts:
        return "Easy Diffusion", tuple(name for name in ("prompt", "negative_prompt") if name in texts)
    found = (name for name, text in _typed(texts) if '"use_stable_diffusion_model"' in text)
    return next((("Easy Diffusion", (name,)) for name in found), None)


def _draw_things(texts: Texts) -> _Trace | None:
    found = (name for name, text in _typed(texts) if all(form.search(text) for form in _DRAW_THINGS))
    return next((("Draw Things", (name,)) for name in found), None)


def _webui(texts: Texts) -> _Trace | None:
    for name, text in _typed(texts):
        if _STEPS.search(text) and _SAMPLER.search(text):
            return ("Forge" if _FORGE.search(text) else "A1111/Forge"), (name,)
    # Its own name for its own chunk: a shortened text is one all the same.
    return ("A1111/Forge", ("parameters",)) if "Negative prompt:" in texts.get("parameters", "") else None


def _midjourney(texts: Texts) -> _Trace | None:
    return next((("Midjourney", (name,)) for name, text in _typed(texts) if _JOB.search(text)), None)


def _by_name(texts: Texts) -> _Trace | None:
    for field in _PROGRAM_FIELDS:
        name = named(texts.get(field, ""))
        if name is not None:
            return name, tuple(one for one in _TYPED if one in texts)
    return None


_RULES: tuple[Callable[[Texts], _Trace | None], ...] = (
    _invoke, _novel, _swarm, _fooocus, _comfy, _easy, _draw_things, _webui, _midjourney, _by_name,
)  # fmt: skip
