"""A limit on the objects that one pass of an operator creates. A pass that reaches it ends; the next goes on.

An operator may be killed after any write, so it may be stopped there, too. Between two passes other operators
get their turn, and an object that was deleted meanwhile gets nothing more.
"""

from typing import Any

from arena.local.objects import EVENTS, Object, Objects, Resource

LARGEST = 200
"""Objects, Events aside, that one pass creates."""


class LimitReached(Exception):
    """The pass has created as many objects as it may."""


class LimitedObjects:
    """`objects.Objects` for one pass: creating too much raises LimitReached."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._left = LARGEST

    def __getattr__(self, name: str) -> Any:
        return getattr(self._objects, name)

    def create(self, resource: Resource, body: Object, namespace: str | None = None) -> Object:
        """Create an object; raises what the API raises, and LimitReached."""
        if resource != EVENTS:
            if not self._left:
                raise LimitReached
            self._left -= 1
        return self._objects.create(resource, body, namespace)
