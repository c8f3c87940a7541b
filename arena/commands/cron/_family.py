"""Crons, as the commands list, get and delete see them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from arena.commands._family import KindFamilyCommands

if TYPE_CHECKING:
    from arena.actions.deletion import Removal
    from arena.kinds import family
    from arena.kinds.kind import Kind
    from arena.model.crons import Cron
    from arena.model.events import Event
    from arena.model.partial import Partial, Unread
    from arena.session import Session
    from arena.views.noun import Noun


class Crons(KindFamilyCommands["Cron"]):
    """The family of crons; its kinds are those of the jobs that they start."""

    singular = "cron"
    plural = "crons"
    command = "arena cron"
    has_kinds = True
    kind_example = "pytorchjob (py)"

    def family(self) -> "family.Family":
        """The family of the kinds of training jobs."""
        from arena.kinds.training import FAMILY

        return FAMILY

    def noun(self) -> "Noun[Cron]":
        """How crons are shown."""
        from arena.views.crons import CRONS

        return CRONS

    def all(self, session: "Session", **scope: Any) -> "Partial[Cron]":
        """The crons that `arena.crons` returns."""
        from arena.actions.jobs import crons

        return crons.crons(session, **scope)

    def one(self, session: "Session", name: str, kind: "Kind | None") -> "Cron":
        """The cron with its runs."""
        from arena.actions.jobs import crons

        return crons.cron(session, name, kind=kind)

    def unread(self, value: "Cron") -> "Sequence[Unread]":
        """Such as its runs."""
        return value.unread

    def events(self, session: "Session", value: "Cron") -> "list[Event]":
        """The events about the cron itself."""
        from arena.actions.diagnosis import events

        return events.of(session.cluster(), value.namespace, value.uid)

    def remove(self, removal: "Removal", name: str, namespace: str, kind: "Kind | None") -> object:
        """Delete the cron and its runs."""
        from arena.actions.jobs import crons

        return crons.remove(removal, name, namespace, kind)


CRONS = Crons()
