"""Request bodies: JSON or YAML into one object, and what the server cannot read."""

import json
import math
import re
from typing import Any, NoReturn

from aiohttp import web

from arena.local.api import refusals
from arena.local.objects import Object

_DEEPEST = 64
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"')
_BRACKET = re.compile(rb"[][{}]")


def check_form(request: web.Request) -> None:
    """Refuse a body that no part of the server reads, also where the path leads nowhere.

    Raises:
        Refused: 415 for protobuf, and for whole objects that are neither JSON nor YAML.
    """
    if "protobuf" in request.content_type:
        raise refusals.of_code(
            415,
            "the local cluster reads JSON and YAML only: write the object to a file and use "
            "`kubectl create -f` or `kubectl apply -f` with it",
        )
    whole = request.method in ("POST", "PUT") and "Content-Type" in request.headers
    if whole and not request.content_type.endswith(("json", "yaml")):
        message = "the body of the request was in an unknown format - accepted media types include: "
        raise refusals.of_code(415, message + "application/json, application/yaml")


def load(body: bytes) -> Object:
    """The object in the body.

    Raises:
        Refused: 400 when it cannot be read or is no mapping.
    """
    return mapping(decode(body))


def decode(body: bytes) -> Any:
    """JSON, or YAML where it is not.

    Raises:
        Refused: 400, it is neither.
    """
    if _depth(body) > _DEEPEST:
        raise refusals.bad(f"the body is nested deeper than {_DEEPEST} levels")
    try:
        value = json.loads(body, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        value = _yaml(body)
    return value


def mapping(value: Any) -> Object:
    """The value, which must be a mapping.

    Raises:
        Refused: 400, it is not.
    """
    if not isinstance(value, dict):
        raise refusals.bad(
            "the body is not an object: a mapping with apiVersion, kind and metadata is needed"
        )
    return value


def may_create(body: Object) -> None:
    """Refuse a body that was read from a server; forget its `managedFields`.

    Raises:
        Refused: 400, it names a resourceVersion.
    """
    if isinstance(body.get("metadata"), dict) and body["metadata"].get("resourceVersion"):
        raise refusals.bad("resourceVersion should not be set on objects to be created")
    if isinstance(body.get("metadata"), dict):
        body["metadata"].pop("managedFields", None)


def header(text: str) -> str:
    """The text as it may stand inside a quoted header value."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(c if " " <= c <= "~" else "?" for c in plain)


def _no_constant(word: str) -> NoReturn:
    raise refusals.bad(f"the body cannot be read: {word} is no JSON value")


def _finite(word: str) -> float:
    value = float(word)
    return value if math.isfinite(value) else _no_constant(word)


def _yaml(body: bytes) -> Any:
    import yaml  # late: most bodies are JSON

    if b"&" in body and b"*" in body:
        raise refusals.bad("the body is neither JSON nor YAML without aliases")
    try:
        return json.loads(json.dumps(yaml.load(body, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)),
                                     allow_nan=False, default=str))  # fmt: skip
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise refusals.bad(f"the body cannot be read: {str(error).splitlines()[0]}") from error


def _depth(body: bytes) -> int:
    """How deep brackets are nested, told before a parser has to go there."""
    level = deepest = 0
    if body.count(b"[") + body.count(b"{") <= _DEEPEST:
        return 0
    for bracket in _BRACKET.findall(_TEXT.sub(b"", body)):
        level += 1 if bracket in b"[{" else -1
        deepest = max(deepest, level)
    return deepest
