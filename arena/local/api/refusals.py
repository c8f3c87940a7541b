"""The refusals of the API, in its own words: one function a reason, and their JSON form."""

from collections.abc import Iterable
from typing import Any

from arena.local.causes import Cause
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
    507: "InsufficientStorage",
}


def qualified(resource: Resource) -> str:
    """`pods`, `tfjobs.kubeflow.org`: how messages name a type."""
    return f"{resource.plural}.{resource.group}" if resource.group else resource.plural


def _details(resource: Resource, name: str) -> dict[str, Any]:
    details = {"name": name, "kind": resource.plural}
    return details | {"group": resource.group} if resource.group else details


def missing(resource: Resource, name: str) -> Refused:
    """404 NotFound."""
    return Refused(404, "NotFound", f'{qualified(resource)} "{name}" not found', _details(resource, name))


def exists(resource: Resource, name: str) -> Refused:
    """409 AlreadyExists."""
    message = f'{qualified(resource)} "{name}" already exists'
    return Refused(409, "AlreadyExists", message, _details(resource, name))


def conflict(resource: Resource, name: str, why: str = "") -> Refused:
    """409 Conflict: the object changed since it was read, or is not the one that was meant."""
    why = why or (
        "the object has been modified; please apply your changes to the latest version and try again"
    )
    message = f'Operation cannot be fulfilled on {qualified(resource)} "{name}": {why}'
    return Refused(409, "Conflict", message, _details(resource, name))


def forbidden(resource: Resource, name: str, why: str) -> Refused:
    """403 Forbidden: a quota, a priority class or a protected namespace."""
    message = f'{qualified(resource)} "{name}" is forbidden: {why}'
    return Refused(403, "Forbidden", message, _details(resource, name))


def invalid(resource: Resource, name: str, causes: Iterable[Cause]) -> Refused:
    """422 Invalid: every cause is listed, in the message and in the details."""
    found = list(causes)
    texts = [f"{one.field}: {one.message}" for one in found]
    body = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    details = _details(resource, name) | {
        "kind": resource.kind,
        "causes": [{"field": c.field, "reason": c.reason, "message": c.message} for c in found],
    }
    return Refused(422, "Invalid", f'{kind} "{name}" is invalid: {body}', details)


def option(kind: str, cause: Cause) -> Refused:
    """422 Invalid: a parameter of the request, one of the `kind` such as DeleteOptions."""
    resource = Resource("meta.k8s.io", "v1", "", kind)
    return invalid(resource, "", [cause])


def bad(message: str) -> Refused:
    """400 BadRequest."""
    return Refused(400, "BadRequest", message)


def gone(message: str) -> Refused:
    """410 Expired: the watch or the page cannot be continued; list again."""
    return Refused(410, "Expired", message)


def status(error: Refused) -> Object:
    """The refusal as a `Status` object."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": error.message,
        "reason": error.reason,
        "details": dict(error.details or {}),  # kubectl looks into them without asking whether there are any
        "code": error.code,
    }


def of_code(code: int, message: str) -> Refused:
    """A refusal with the reason that goes with the status code."""
    return Refused(code, REASONS.get(code, "InternalError"), message)
