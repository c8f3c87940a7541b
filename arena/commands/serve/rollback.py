"""arena serve rollback: return to a former revision of a serving."""

from typing import TYPE_CHECKING

import click

from arena.commands import _console, _family
from arena.commands._globals import pass_session
from arena.commands.serve import _canary, _changing
from arena.commands.serve._family import SERVINGS, version_option

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("rollback")
@_family.name_argument(SERVINGS)
@_family.kind_option(SERVINGS)
@version_option
@click.option("--to", type=click.IntRange(min=1), default=None, metavar="REVISION",
              help="Number of the revision, as get shows it.  [default: the one before]")  # fmt: skip
@_changing.stay_options
@_changing.form_option
@pass_session
def command(  # noqa: PLR0913  # one parameter a flag
    session: "Session",
    name: str,
    version: str,
    to: int | None,
    stays: bool,
    patience: int | None,
    form: str | None,
    kind: "Kind | None" = None,
) -> None:
    """Run again what a serving ran before; the number of its instances stays. If it has a canary, end that.

    \b
    arena serve rollback digits --wait
    arena serve rollback digits -v 2 --to 3
    """
    from arena.actions.serving import rollback
    from arena.actions.serving.canary import canary, state

    _console.remark(f"using {session.describe()}")
    if to is None and (trial := state.current(canary.located(session, name, version, kind))):
        _canary.roll_back(session, trial)
        return
    made = rollback.rollback(session, name, to=to or 0, version=version, kind=kind)
    _changing.show(session, made, form, ("rolled back", f"already runs revision {to}"))
    if stays:
        _changing.stay(session, made, patience, quiet=bool(form))
