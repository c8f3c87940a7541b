"""arena evaluate: jobs that evaluate a model."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _complete, _each, _flags
from arena.commands._aliases import Aliased
from arena.commands._globals import pass_session
from arena.commands._spec import SpecCommand, spec_options
from arena.commands.submit import FILE, SENDING
from arena.kinds.evaluation import KIND, EvaluationSpec

if TYPE_CHECKING:
    from arena.session import Session


@click.group("evaluate", cls=Aliased)
def command() -> None:
    """Evaluate a model: a program that is told by variables what to evaluate, and on what.

    What it is told is MODEL_NAME, MODEL_VERSION, MODEL_PATH, DATASET_PATH and METRICS_PATH. An
    evaluation is a job, whose logs are read as those of any other.

    \b
    arena evaluate model --model-name bert --model-path /models/bert --image IMAGE "python evaluate.py"
    arena evaluate list
    """


class Model(SpecCommand):
    """Reads flags as submit does."""

    heading = "Options"


def _options(function: Any) -> Any:
    for option in reversed((FILE, *SENDING)):
        function = option(function)
    return spec_options(EvaluationSpec)(function)


@command.command(cls=Model)
@_options
@pass_session
def model(session: "Session", **_: Any) -> int | None:
    """Submit an evaluation.

    \b
    arena evaluate model --model-name bert --model-version 1 --image IMAGE "python evaluate.py"
    """
    from arena.commands._submitting import run
    from arena.commands._wish import wished

    return run(session, KIND, wished(click.get_current_context(), EvaluationSpec))


@command.command("list")
@_flags.everywhere_option
@_flags.output_option()
@pass_session
def list_(session: "Session", everywhere: bool, form: str) -> None:
    """List evaluations, the newest first.

    \b
    arena evaluate list -A
    """
    from arena.actions import evaluations
    from arena.views import encode, table
    from arena.views import evaluations as view

    found = evaluations.evaluations(session.cluster(), None if everywhere else session.namespace)
    if form in ("json", "yaml"):
        click.echo(encode.encode([view.data(one) for one in found], form))
    elif not found:
        where = "any namespace" if everywhere else f'namespace "{session.namespace}"'
        click.echo(f"no evaluations in {where} of {session.name}", err=True)
    elif form == "name":
        click.echo("\n".join(one.job.name for one in found))
    else:
        titles = view.columns(everywhere=everywhere)
        click.echo(table.render(titles, found, session.now(), wide=form == "wide"))


@command.command()
@click.argument("name", metavar="NAME", shell_complete=_complete.evaluations)
@_flags.output_option()
@pass_session
def get(session: "Session", name: str, form: str) -> None:
    """Show an evaluation and its instances.

    \b
    arena evaluate get bert-1
    """
    from arena.actions import evaluations
    from arena.views import encode
    from arena.views import evaluations as view

    found = evaluations.one(session.cluster(), name, session.namespace)
    if form == "name":
        click.echo(found.job.name)
    elif form in ("json", "yaml"):
        click.echo(encode.encode(view.data(found), form))
    else:
        click.echo(view.page(found, session.now()))


@command.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=_complete.evaluations)
@pass_session
def delete(session: "Session", names: tuple[str, ...]) -> int:
    """Delete evaluations.

    Each name is tried; the exit code is 3 where any was missing.

    \b
    arena evaluate delete bert-1
    """
    from arena.actions import evaluations

    def act(name: str) -> None:
        found = evaluations.delete(session.cluster(), name, session.namespace)
        click.echo(f"evaluation {found.name} deleted")

    click.echo(f"using {session.describe()}", err=True)
    return _each.each(dict.fromkeys(names), act)
