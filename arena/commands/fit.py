"""arena fit: say whether a job would start now, and where, or what is missing."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _console, _flags, _show
from arena.commands._globals import pass_session, spread
from arena.commands._jobs import JOBS
from arena.commands._kinds import FILE, Kinds, overriding, sections
from arena.commands._spec import SpecCommand, spec_options

if TYPE_CHECKING:
    from arena.actions.submit.request import Request
    from arena.kinds.kind import Kind
    from arena.session import Session

PODS = "pods"
"""The command that checks pods alone, with the options of a plain job; it is used if no kind is named."""
STAND_INS = {"command": "true", "image": "image"}
"""Values of options that a job needs and that do not decide where it fits."""


class Fits(Kinds):
    """A command for each kind of job; options without a kind are those of plain pods."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Add the kind if only options are given."""
        named = {word for kind in self.kinds for word in kind.names}
        plain = bool(args) and args[0].startswith("-") and args[0] not in ("-h", "--help")
        if plain and not any(word.lower() in named for word in args):
            args = [PODS, *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a kind, or the one for pods alone."""
        from arena.kinds import find

        return make(find("job"), pods_only=True) if cmd_name == PODS else super().get_command(ctx, cmd_name)

    def made(self, kind: "Kind") -> click.Command:
        """The command that checks jobs of a kind."""
        return make(kind)


@click.group("fit", cls=Fits, family=JOBS)
def command() -> None:
    """Say whether a job would start now, on which nodes, or what is missing.

    The instances that a submit with the same options would create are placed on the nodes as they are now,
    in the way of the scheduler of Kubernetes. Nothing is created. The exit code is 0 if the job fits and 1 if
    it does not, or if that is unknown.

    Without a kind, --workers, --gpus, --cpu and --memory describe plain pods.

    \b
    arena fit --workers 4 --gpus 8
    arena fit --workers 4 --gpus 8 --cpu 16 --memory 64Gi --selector pool=a100
    arena fit pytorchjob --workers 4 --gpus 8
    arena fit pytorchjob -f job.yaml -o json
    """


def make(kind: "Kind", *, pods_only: bool = False) -> click.Command:
    """The command that checks a job of a kind: the options of its Spec.

    Args:
        pods_only: as of `arena.fit`.
    """

    def function(session: "Session", form: str, **_: Any) -> int:
        from arena.actions.fit import fit
        from arena.commands._request import parsed
        from arena.views.fits import FITS_NOUN

        request, _output = parsed(click.get_current_context(), kind)
        found = fit.fit(session, _complete(request), pods_only=pods_only, tell=_console.remark)
        _show.show_one(session, FITS_NOUN, found, form)
        _console.missing(found.unread)
        return 0 if found.fits else 1

    what, word = ("plain pods", PODS) if pods_only else (kind.summary, kind.name)
    function.__doc__ = f"Say whether a job would start now: {what}.\n\n\b\narena fit {word} --workers 4"
    decorated: Any = pass_session(function)
    for option in reversed((FILE, *overriding("job"), _flags.output_option("table", "json", "yaml", "name"))):
        decorated = option(decorated)
    made: SpecCommand = click.command(word, cls=SpecCommand)(spec_options(kind.spec)(decorated))
    made.sections = sections(kind)
    made.heading = "Options of fit"
    return spread(made)


def _complete(request: "Request") -> "Request":
    """The request with stand-ins for what a job needs and was not given."""
    from arena.kinds.spec import options
    from arena.values import replace

    given = request.options
    known = {one.name for one in options(request.kind.spec)}
    missing = {name: value for name, value in STAND_INS.items() if name in known and not given.get(name)}
    return replace(request, given={**request.given, **missing})
