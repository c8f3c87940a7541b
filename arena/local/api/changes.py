"""PATCH: from content type and body to a function that changes an object."""

from collections.abc import Callable
from typing import NamedTuple

from aiohttp import web

from arena.local.api import bodies, refusals
from arena.local.api.options import Writing
from arena.local.api.patches.merge import merge
from arena.local.api.routes import Target
from arena.local.api.scale import scale as scale_of
from arena.local.objects import Object

__all__ = ["Patch", "change", "scale_of"]


class Patch(NamedTuple):
    """A patch, ready to be applied."""

    apply: Callable[[Object], Object]
    create: Callable[[], Object] | None = None
    """What is created where the object is missing; None where that is 404."""


def change(request: web.Request, body: bytes, target: Target, how: Writing, force: bool) -> Patch:
    """The patch that the request carries.

    Raises:
        Refused: 400 when it cannot be read; 415 for an unknown content type.
    """
    if request.content_type == "application/merge-patch+json":
        patch = bodies.mapping(bodies.decode(body))
        return Patch(lambda obj: merge(obj, patch))
    raise refusals.of_code(
        415,
        "the body of the request was in an unknown format - accepted media types include: "
        "application/merge-patch+json",
    )
