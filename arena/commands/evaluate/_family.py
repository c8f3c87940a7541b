"""Evaluations, as the commands list, get and delete see them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from arena.commands._family import FamilyCommands

if TYPE_CHECKING:
    from arena.actions.deletion import Removal
    from arena.kinds.kind import Kind
    from arena.model.evaluations import Evaluation
    from arena.model.events import Event
    from arena.model.partial import Partial, Unread
    from arena.session import Session
    from arena.views.noun import Noun


class Evaluations(FamilyCommands["Evaluation"]):
    """The family of evaluations."""

    singular = "evaluation"
    plural = "evaluations"
    command = "arena evaluate"

    def noun(self) -> "Noun[Evaluation]":
        """How evaluations are shown."""
        from arena.views.evaluations import EVALUATIONS

        return EVALUATIONS

    def all(
        self, session: "Session", *, everywhere: bool, selector: str, kind: "Kind | None"
    ) -> "Partial[Evaluation]":
        """The evaluations that `arena.evaluations` returns."""
        from arena.actions.jobs import evaluations
        from arena.model.partial import Partial

        return Partial(evaluations.evaluations(session, everywhere=everywhere, selector=selector))

    def one(self, session: "Session", name: str, kind: "Kind | None") -> "Evaluation":
        """The evaluation with its instances."""
        from arena.actions.jobs import evaluations

        return evaluations.one(session, name)

    def unread(self, value: "Evaluation") -> "Sequence[Unread]":
        """Such as its pods."""
        return value.job.unread

    def events(self, session: "Session", value: "Evaluation") -> "list[Event]":
        """The events about the evaluation and its pods."""
        from arena.actions.diagnosis import events

        return events.events(session, value.job)

    def remove(self, removal: "Removal", name: str, namespace: str, kind: "Kind | None") -> object:
        """Delete the evaluation."""
        from arena.actions.jobs import evaluations

        return evaluations.remove(removal, name, namespace)


EVALUATIONS = Evaluations()
