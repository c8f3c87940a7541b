"""Request bodies: parse JSON or YAML, and refuse what the server cannot read."""

import json
import math
from collections.abc import Iterable
from types import NoneType
from typing import Any, NoReturn

from aiohttp import web

from arena.local.api import refusals, repeated_keys, size_limits
from arena.local.api.repeated_keys import Repeats, YamlKeys
from arena.local.api.representations import PROTOBUF
from arena.local.api.resource_types import Type
from arena.local.objects import Object

_MAGIC = b"k8s\0"
"""The beginning of every object in protobuf."""


def check_form(request: web.Request, kind: Type) -> None:
    """Refuse a body that the server cannot read.

    Raises:
        Refused: 415 for compressed bodies, protobuf of custom kinds, and objects in another form.
    """
    coding = request.headers.get("Content-Encoding", "identity")
    if coding != "identity":
        raise refusals.of_code(
            415, f'the content encoding "{coding}" is not supported: send the body uncompressed'
        )
    if request.content_type == PROTOBUF and request.method in ("POST", "PUT", "DELETE"):
        from arena.local.api.protobuf import messages  # imported late, because most bodies are JSON

        if messages.has(kind.resource):
            return
    whole = request.method in ("POST", "PUT") and "Content-Type" in request.headers
    if not whole or request.content_type.endswith(("json", "yaml")):
        return
    message = "the body of the request was in an unknown format - accepted media types include: "
    raise refusals.of_code(415, message + "application/json, application/yaml")


def load(body: bytes) -> Object:
    """The object in the body.

    Raises:
        Refused: 400 if it cannot be read or is not a mapping.
    """
    if body.startswith(_MAGIC):
        from arena.local.api import protobuf

        return protobuf.decode(body)
    return mapping(decode(body))


def decode(body: bytes) -> Any:
    """Parse JSON, or YAML if it is not JSON.

    Raises:
        Refused: 400 if it is neither; 413 if it contains more than the server accepts.
    """
    if body.lstrip()[:1] in (b"{", b"["):
        size_limits.check(body)
    try:
        value = _json(body)
    except (ValueError, RecursionError):
        value = _yaml(body)
    if len(body) > size_limits.LONGEST:
        size_limits.check_keys(value)
    return value


def mapping(value: Any) -> Object:
    """Return the value, which must be a mapping.

    Raises:
        Refused: 400 if it is not.
    """
    if not isinstance(value, dict):
        raise refusals.bad(
            "the body is not an object: a mapping with apiVersion, kind and metadata is needed"
        )
    return value


def check_kind(kind: Type, body: Object) -> None:
    """Refuse a custom resource without a kind; the kinds of built-in ones follow from the path.

    Raises:
        Refused: 400, also if one of the words is no text, even if a text follows it.
    """
    repeats = {one.path: one.earlier for one in repeated_keys.of(body).found}
    for field in ("apiVersion", "kind"):
        values = (*repeats.get((field,), ()), body.get(field))
        if not all(isinstance(one, (str, NoneType)) for one in values):
            raise refusals.bad(f"couldn't get version/kind: {field} is not a text")
    missing = [field for field in ("apiVersion", "kind") if not body.get(field)]
    if kind.custom and missing:
        raise refusals.bad(f"Object '{missing[-1]}' is missing: a custom resource needs apiVersion and kind")


def check_name(body: Object) -> None:
    """Refuse an object without a name.

    Raises:
        Refused: 400.
    """
    meta = body.get("metadata")
    if not isinstance(meta, dict) or not meta.get("name"):
        raise refusals.bad("the name of the object was undeterminable: name must be provided")


def header(text: str) -> str:
    """The text in a form for quoted header values."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(c if " " <= c <= "~" else "?" for c in plain)


def _json(text: bytes | str) -> Any:
    """Parse JSON; raises ValueError if it is invalid, and Refused 400 for values that objects cannot have."""
    return repeated_keys.load(text, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole)


def _no_constant(word: str) -> NoReturn:
    raise refusals.bad(f"the body cannot be read: {word} is not a JSON value")


def _finite(word: str) -> float:
    value = float(word)
    return value if math.isfinite(value) else _no_constant(word)


def _whole(word: str) -> int | float:
    """A number, which is no whole one beyond 64 bits, as in a cluster."""
    if len(word) > 20 or not -(2**63) <= int(word) < 2**63:
        return _finite(word)
    return int(word)


def yaml_repeats(body: bytes) -> Repeats:
    """The keys that a body repeats, in the words of YAML, which JSON is a part of."""
    return repeated_keys.of(_yaml(body))


def _yaml(body: bytes) -> Any:
    import yaml  # imported late, because most bodies are JSON

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        repeats = _check_events(yaml.parse(body, Loader=loader))
        value = _json(json.dumps(yaml.load(body, Loader=loader), default=str))
        return repeated_keys.marked(value, repeats)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, OverflowError) as error:
        size_limits.check(body)  # a parser may reach its own limit before ours
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise refusals.bad(f"the body cannot be read: {why}") from error


def _check_events(events: Iterable[Any]) -> Repeats:
    """Refuse YAML that would take long to build, as `size_limits.check` does for JSON."""
    level, keys = 0, YamlKeys()
    for count, event in enumerate(events):
        name = type(event).__name__
        level += name.endswith("StartEvent") - name.endswith("EndEvent")
        if name == "AliasEvent":
            raise refusals.bad("the body is neither JSON nor YAML without aliases")
        if level > size_limits.DEEPEST + 2:  # the stream and the document
            raise size_limits.too_deep()
        if count > size_limits.MOST:
            raise size_limits.too_much()
        keys.hear(event)
    return keys.repeats
