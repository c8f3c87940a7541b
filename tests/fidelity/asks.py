"""What is asked: requests, and cases that are made of them."""

from typing import Any, NamedTuple
from urllib.parse import quote

from arena.local.objects import Resource

SPACE = "fidelity"
"""The namespace of everything that is asked for."""
JSON, MERGE, POINTER = (f"application/{one}json" for one in ("", "merge-patch+", "json-patch+"))
STRATEGIC, APPLY = "application/strategic-merge-patch+json", "application/apply-patch+yaml"
AGAIN = "<again>"
"""What a key begins with that is the rest of it once more."""
Object = dict[str, Any]


class Ask(NamedTuple):
    """One request.

    `<version>`, `<uid>` and `<continue>` in its path and body stand for what the last answer of the case said
    that had one.
    """

    method: str
    path: str
    body: Any = None
    form: str = JSON
    accept: str = JSON
    owners: bool = False
    """Whether the owners of fields are compared, too."""


class Case(NamedTuple):
    """Requests that depend on no others."""

    name: str
    """What it is about: the group of cases, the plural of the kind, and what is done."""
    asks: tuple[Ask, ...]
    needs: tuple[Ask, ...] = ()
    """What makes the objects that must exist, and may exist already."""


class Kind(Resource):
    """A type as paths name it."""

    __slots__ = ()

    def path(self, name: str = "", *more: str, space: str = SPACE, **query: object) -> str:
        """The path of an object, or of all of them without a name."""
        root = f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"
        where = ["namespaces", space] if self.namespaced and space else []
        asked = "&".join(f"{key}={quote(str(value), safe='<>,')}" for key, value in query.items())
        return "/".join([root, *where, self.plural, *filter(None, (name, *more))]) + (asked and f"?{asked}")


def named(obj: Object, name: str, **meta: Any) -> Object:
    """The object with another name."""
    return {**obj, "metadata": {**obj["metadata"], "name": name, **meta}}
