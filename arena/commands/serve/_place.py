"""The container of a serving that flags select."""

from typing import TYPE_CHECKING

from arena.commands import _family, _flags
from arena.commands.serve._family import SERVINGS, version_option
from arena.values import frozen

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.model.instances import Instance
    from arena.session import Session

options = _flags.decorated(
    _family.kind_option(SERVINGS), version_option, _flags.instance_option, _flags.container_option
)
"""`-T KIND`, `-v VERSION`, `-i INSTANCE` and `-c CONTAINER`."""


@frozen
class Place:
    """The container that the flags select."""

    version: str
    instance: str
    container: str
    kind: "Kind | None" = None

    def find(self, session: "Session", name: str) -> "tuple[Instance, str]":
        """Return the running instance and its container; raises as `instances.running`."""
        from arena.actions.jobs import instances
        from arena.actions.serving.instances import running

        _, one = running(session, name, self.instance, version=self.version, kind=self.kind)
        return one, instances.container(one, self.container)
