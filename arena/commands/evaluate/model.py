"""arena evaluate model: submit an evaluation."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands._globals import pass_session
from arena.commands._jobs import JOBS
from arena.commands._kinds import FILE, sending
from arena.commands._spec import SpecCommand, spec_options
from arena.kinds.evaluation.evaluatejob import KIND, EvaluationSpec

if TYPE_CHECKING:
    from arena.session import Session


class Model(SpecCommand):
    """Reads flags as submit does."""

    heading = "Options"


def _options(function: Any) -> Any:
    for option in reversed((FILE, *sending(JOBS))):
        function = option(function)
    return spec_options(EvaluationSpec)(function)


@click.command("model", cls=Model)
@_options
@pass_session
def command(session: "Session", **_: Any) -> None:
    """Submit an evaluation.

    \b
    arena evaluate model --model-name bert --model-version 1 --image IMAGE "python evaluate.py"
    """
    from arena.commands._request import parsed
    from arena.commands._submit import run

    run(session, *parsed(click.get_current_context(), KIND), JOBS)
