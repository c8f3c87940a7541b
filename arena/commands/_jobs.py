"""Training jobs, as the commands `list`, `get` and `delete` see them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _console
from arena.commands._family import KindFamilyCommands, Target

if TYPE_CHECKING:
    from arena.actions.deletion import Removal
    from arena.commands._request import Output
    from arena.kinds import family
    from arena.kinds.kind import Kind
    from arena.model.events import Event
    from arena.model.jobs import Job
    from arena.model.partial import Partial, Unread
    from arena.session import Session
    from arena.views.noun import Noun


class Jobs(KindFamilyCommands["Job"]):
    """The family of training jobs."""

    singular = "job"
    plural = "jobs"
    command = "arena"
    metavar = "JOB"
    has_kinds = True
    kind_example = "pytorchjob (py)"

    def family(self) -> "family.Family":
        """The family of the kinds of training jobs."""
        from arena.kinds.training import FAMILY

        return FAMILY

    def noun(self) -> "Noun[Job]":
        """How jobs are shown."""
        from arena.views.jobs import JOBS

        return JOBS

    def all(self, session: "Session", **scope: Any) -> "Partial[Job]":
        """The jobs that `arena.jobs` returns."""
        from arena.actions.jobs import listing

        return listing.jobs(session, **scope)

    def rows(self, session: "Session", **scope: Any) -> "Partial[Job]":
        """The jobs without the details of instances."""
        from arena.actions.jobs import listing

        return listing.jobs(session, **scope, detailed=False)

    def wide(self, session: "Session", **scope: Any) -> "Partial[Job]":
        """The jobs, some of those that run with their progress."""
        from arena.actions.jobs import progress

        return progress.several(session.cluster(), self.rows(session, **scope), session.now())

    def names(self, session: "Session") -> list[str]:
        """The names of jobs, without reading their pods."""
        from arena.actions.jobs import object_names

        return [name for _, name in object_names.names(session.cluster(), session.namespace)]

    def one(self, session: "Session", name: str, kind: "Kind | None") -> "Job":
        """The job with its error, if it failed, its progress, and the URL of its TensorBoard."""
        from arena.actions.diagnosis import explain
        from arena.actions.jobs import find, progress, stalled, tensorboard

        cluster, job = session.cluster(), find.job(session, name, kind=kind, partial=True)
        job = stalled.checked(session, explain.job(cluster, job))
        return tensorboard.linked(cluster, progress.followed(cluster, job, session.now()))

    def unread(self, value: "Job") -> "Sequence[Unread]":
        """Such as its pods."""
        return value.unread

    def events(self, session: "Session", value: "Job") -> "list[Event]":
        """The events about the job and its pods."""
        from arena.actions.diagnosis import events

        return events.events(session, value)

    def remove(self, removal: "Removal", name: str, namespace: str, kind: "Kind | None") -> object:
        """Delete the job."""
        from arena.actions.jobs import delete

        return delete.remove(removal, name, namespace, kind)

    def target(self, value: "Job") -> Target:
        """The job's name and kind, because two kinds may have jobs of the same name."""
        from arena import kinds

        return value.name, kinds.find(value.kind)

    def advise(self, values: "Sequence[Job]") -> None:
        """Print how to end instances that outlive their job."""
        _console.remedy(*values)

    def waiting(self) -> tuple[Callable[[Any], Any], ...]:
        """`--wait` and `--logs`."""
        return (
            click.option("--wait", "stays", is_flag=True,
                         help="Wait until the job has ended; exit 7 if it failed."),
            click.option("--logs", is_flag=True,
                         help="Follow its logs until it has ended; exit 7 if it failed."),
        )  # fmt: skip

    def stay(self, session: "Session", kind: "Kind", made: "Job", output: "Output") -> None:
        """Follow its output, or wait until it has ended."""
        from arena.commands._submit_wait import stay

        stay(session, kind, made, output)


JOBS = Jobs()
