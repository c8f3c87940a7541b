"""Refusals in the API's wording: one function for each reason, and their JSON form."""

import json
from collections.abc import Iterable
from itertools import islice
from typing import Any

from arena.local import field_errors
from arena.local.field_errors import FieldError
from arena.local.objects import Object, Refused, Resource

REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    409: "Conflict",
    410: "Expired",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
    507: "InsufficientStorage",
}

_CAUSES = 100
_LONGEST = 20_000
"""Maximum number of causes, and of characters of a message: each value of an object may be wrong."""


def qualified(resource: Resource) -> str:
    """`pods`, `jobs.batch`: the name of a type in messages."""
    return f"{resource.plural}.{resource.group}" if resource.group else resource.plural


def _details(resource: Resource, name: str) -> dict[str, Any]:
    details = {"name": name, "kind": resource.plural}
    return details | {"group": resource.group} if resource.group else details


NO_TYPE = Resource("", "", "", "")
"""What a cluster names when the result of a patch cannot be read."""


def missing(resource: Resource, name: str) -> Refused:
    """404 NotFound."""
    return Refused(404, "NotFound", f'{qualified(resource)} "{name}" not found', _details(resource, name))


def exists(resource: Resource, name: str) -> Refused:
    """409 AlreadyExists."""
    message = f'{qualified(resource)} "{name}" already exists'
    return Refused(409, "AlreadyExists", message, _details(resource, name))


def conflict(resource: Resource, name: str, why: str = "") -> Refused:
    """409 Conflict: the object changed since it was read, or is not the intended one."""
    why = why or (
        "the object has been modified; please apply your changes to the latest version and try again"
    )
    message = f'Operation cannot be fulfilled on {qualified(resource)} "{name}": {why}'
    return Refused(409, "Conflict", message, _details(resource, name))


def changed(resource: Resource, name: str, why: str) -> Refused:
    """409 Conflict: the object is not the one that the request is about, by its preconditions."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    message = f'Operation cannot be fulfilled on {kind} "{name}": {why}'
    return Refused(409, "Conflict", message, {**_details(resource, name), "kind": resource.kind})


def ahead(version: int, present: int) -> Refused:
    """504 Timeout: the request needs a version that the server has not reached."""
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    message = f"Timeout: Too large resource version: {version}, current: {present}"
    return Refused(504, "Timeout", message, {"causes": [cause], "retryAfterSeconds": 1})


def forbidden(resource: Resource, name: str, why: str) -> Refused:
    """403 Forbidden: a quota, a priority class or a protected namespace."""
    message = f'{qualified(resource)} "{name}" is forbidden: {why}'
    return Refused(403, "Forbidden", message, _details(resource, name))


def denied(resource: Resource, name: str, why: str) -> Refused:
    """403 Forbidden: the user of the request has no right to it; `name` may be ""."""
    about = f'{qualified(resource)} "{name}"' if name else qualified(resource)
    return Refused(403, "Forbidden", f"{about} is forbidden: {why}", _details(resource, name))


def invalid(resource: Resource, name: str, causes: Iterable[FieldError]) -> Refused:
    """422 Invalid: lists the causes in the message and in the details, up to a limit."""
    found = [one._replace(message=_short(one.message, 1000)) for one in islice(causes, _CAUSES)]
    texts = [f"{one.field}: {one.message}" for one in found]
    body = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    details = _details(resource, name) | {
        "kind": resource.kind,
        "causes": [{"field": c.field, "reason": c.reason, "message": c.message} for c in found],
    }
    return Refused(422, "Invalid", f'{kind} "{name}" is invalid: {body}', details)


def option(kind: str, cause: FieldError) -> Refused:
    """422 Invalid: a parameter of the request, of a `kind` such as DeleteOptions."""
    return options(kind, [cause])


def options(kind: str, causes: Iterable[FieldError]) -> Refused:
    """The same for several parameters."""
    return invalid(Resource("meta.k8s.io", "v1", "", kind), "", causes)


def unpatched(obj: Object, why: str) -> Refused:
    """422: what a patch leaves cannot be read."""
    return invalid(NO_TYPE, "", [field_errors.invalid("patch", f"{json.dumps(obj)[:100]}...", why)])


def unreadable(resource: Resource, why: str) -> Refused:
    """400 BadRequest: the body is not an object of this type."""
    what = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'
    return bad(f"{what}: {why}")


def bad(message: str) -> Refused:
    """400 BadRequest."""
    return Refused(400, "BadRequest", message)


def gone(message: str) -> Refused:
    """410 Expired: the watch or the page cannot be continued; list again."""
    return Refused(410, "Expired", message)


def not_allowed() -> Refused:
    """405 MethodNotAllowed: the path has no such method."""
    return of_code(405, "the server does not allow this method on the requested resource")


def unknown() -> Refused:
    """404 NotFound: there is no such path."""
    return of_code(404, "the server could not find the requested resource")


def read_only(resource: Resource) -> Refused:
    """405 MethodNotAllowed: the server makes the objects of this type itself."""
    why = "the local cluster serves the kinds of its own operators"
    return of_code(405, f"{qualified(resource)} can only be read: {why}")


def status(error: Refused) -> Object:
    """The refusal as a `Status` object."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": _short(error.message, _LONGEST),
        "reason": error.reason,
        "details": dict(error.details or {}),  # kubectl reads them without checking that they exist
        "code": error.code,
    }


def of_code(code: int, message: str) -> Refused:
    """A refusal with the reason for the status code."""
    return Refused(code, REASONS.get(code, "InternalError"), message)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + "..."
