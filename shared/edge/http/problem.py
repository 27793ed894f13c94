"""Problem details (RFC 9457): every answer that is not what was asked for, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import msgspec
import yaml
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from shared.core import errors, limits
from shared.edge.codes import meaning
from shared.edge.http.wording import in_chinese

MEDIA_TYPE = "application/problem+json"
DOCS = "/docs/problems/"
CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
"""How OpenAPI says that an answer is a problem."""


class Kind(msgspec.Struct, frozen=True):
    """One kind of problem: the name ends its `type`, and never changes."""

    name: str
    status: int
    title: str
    title_zh: str
    about: str
    detail: str = ""
    """Said where nothing more precise is known; the bounds of `shared.core.limits` are filled in."""
    detail_zh: str = ""


def _kinds() -> dict[str, Kind]:
    text = files("shared.edge.http").joinpath("problems.yaml").read_text("utf-8")
    found = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - BaseLoader builds text only
    bounds = {name: value for name, value in vars(limits).items() if name.isupper()}
    for words in found.values():
        words |= {key: words[key].format(**bounds) for key in ("detail", "detail_zh") if key in words}
    return {name: msgspec.convert({"name": name, **words}, Kind, strict=False) for name, words in found.items()}


KINDS = _kinds()
BY_STATUS: dict[int, str] = {kind.status: kind.name for kind in reversed(KINDS.values())}


class FieldError(BaseModel):
    """One thing that is wrong."""

    pointer: str = Field(description="RFC 6901 pointer into the payload, or `?name` of a query parameter")
    rule: str = Field(description="a code that does not change")
    message: str = Field(description="what is wrong and what to write instead")
    index: int | None = Field(None, description="position in the posted batch")


class Problem(BaseModel):
    """An RFC 9457 problem."""

    type: str = Field(description="relative address of the page about this kind of problem")
    title: str
    status: int
    detail: str
    instance: str = Field(description="the path that was asked")
    trace_id: str = Field(description="quote this to whoever runs the installation")
    index: int | None = Field(None, description="position in the posted batch, where one event is at fault")
    errors: list[FieldError] = Field(default_factory=list)


class Invalid(errors.Malformed):
    """Several fields break rules at once."""

    def __init__(self, found: Sequence[Mapping[str, Any]]) -> None:
        """*found* holds `pointer`, `rule`, `message` and, in a batch, `index`, and `zh` where the message has a Chinese
        form; at least one."""
        first = found[0]
        super().__init__(str(first["message"]), pointer=str(first["pointer"]), rule=str(first["rule"]))
        self.found = list(found[: limits.BATCH_REFUSALS])


def respond(
    scope: Mapping[str, Any],
    name: str,
    detail: str = "",
    *,
    found: Sequence[Mapping[str, Any]] = (),
    index: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the problem *name* as an answer to the request of *scope*."""
    kind, chinese = KINDS[name], wants_chinese(scope)
    title = kind.title_zh if chinese else kind.title
    errors_ = [_shown(one, chinese) for one in found]
    if errors_:
        detail = errors_[0]["message"]
    elif chinese and kind.detail_zh:
        detail = kind.detail_zh
    body: dict[str, Any] = {
        "type": f"{DOCS}{kind.name}",
        "title": title,
        "status": kind.status,
        "detail": detail or (kind.detail_zh if chinese else kind.detail) or title,
        "instance": scope.get("path", ""),
        "trace_id": scope.get("state", {}).get("trace_id", ""),
    }
    if index is not None:
        body["index"] = index
    body["errors"] = errors_
    language = "zh" if chinese else "en"
    own = {"Cache-Control": "no-store", "Content-Language": language, **(headers or {})}
    return Response(msgspec.json.encode(body), status_code=kind.status, media_type=MEDIA_TYPE, headers=own)


def _shown(one: Mapping[str, Any], chinese: bool) -> dict[str, Any]:
    shown = {key: value for key, value in one.items() if value is not None and key != "zh"}
    return shown | {"message": in_chinese(one)} if chinese else shown


def wants_chinese(scope: Mapping[str, Any]) -> bool:
    """Whether `Accept-Language` prefers Chinese over English (RFC 9110 section 12.5.4)."""
    best, language = 0.0, "en"
    for key, value in scope.get("headers", ()):
        if key != b"accept-language":
            continue
        for part in value.decode("latin-1")[:200].lower().split(","):
            tag, _, weight = part.strip().partition(";")
            main = tag.strip().partition("-")[0]
            quality = _quality(weight)
            if main in {"zh", "en"} and quality > best:
                best, language = quality, main
    return language == "zh"


def _quality(text: str) -> float:
    name, _, number = text.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(1.0, float(number))
    except ValueError:
        return 0.0


def from_error(request: Request, error: errors.GradelineError) -> Response:
    """Return the problem that *error* is to the caller. What is not the caller's doing says nothing of our inside."""
    scope = request.scope
    match error:
        case Invalid():
            return respond(scope, "malformed", found=error.found, index=error.found[0].get("index"))
        case errors.Malformed() | errors.Undecodable():
            found = [{"pointer": error.pointer, "rule": error.rule, "message": error.message}]
            return respond(scope, "malformed", found=found)
        case errors.Conflict():
            place = "" if error.index is None else f"/{error.index}"
            one = {"pointer": place, "rule": "identity", "message": error.message, "index": error.index}
            return respond(scope, "conflict", found=[one], index=error.index)
        case errors.Declined():
            words = meaning(error.code)
            en, zh = (f"{words.en}: {error.en}", f"{words.zh}：{error.zh}") if error.en else (words.en, words.zh)
            return respond(scope, "declined", found=[{"pointer": "", "rule": error.code, "message": en, "zh": zh}])
        case errors.Unauthenticated():
            return respond(scope, "unauthenticated", headers=_challenge("invalid_token"))
        case errors.Forbidden():
            return respond(scope, "forbidden", error.message, headers=_challenge("insufficient_scope"))
        case errors.Unavailable():
            return respond(scope, "unavailable", error.message, headers={"Retry-After": "1"})
        case errors.TookTooLong():
            return respond(scope, "took-too-long", error.message)
        case errors.NotFound() | errors.TooLarge() | errors.Rejected():
            name = {errors.NotFound: "not-found", errors.TooLarge: "too-large"}.get(type(error), "rejected")
            return respond(scope, name, error.message)
        case _:
            return respond(scope, "internal")


def _challenge(reason: str) -> dict[str, str]:
    return {"WWW-Authenticate": f'Bearer error="{reason}"'}
