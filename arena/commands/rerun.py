"""arena rerun: submit a job once more, with changes."""

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _flags
from arena.commands._globals import pass_session
from arena.commands._spec import SpecCommand
from arena.commands.submit import SENDING

if TYPE_CHECKING:
    from arena.commands._wish import Wish
    from arena.kinds.kind import Kind
    from arena.kinds.training.base import TrainingSpec
    from arena.session import Session


class Rerun(SpecCommand):
    """Reads flags as submit does."""

    heading = "Options"


def _options(function: Any) -> Any:
    for option in reversed(SENDING):
        function = option(function)
    return function


@click.command("rerun", cls=Rerun)
@_flags.job_argument()
@_flags.kind_option
@click.option(
    "--set", "changes", multiple=True, metavar="KEY=VALUE", callback=_flags.settings,
    help="Change an option; KEY= is its default.",
)  # fmt: skip
@click.option(
    "--name", "new", metavar="NAME", default=None, callback=_flags.job_name,
    help="Name of the new job; made from the old otherwise.",
)  # fmt: skip
@_options
@pass_session
def command(
    session: "Session",
    name: str,
    kind: "Kind | None",
    changes: tuple[str, ...],
    new: str | None,
    **flags: Any,
) -> int | None:
    """Submit a job once more, by the options that are recorded with it.

    KEY is an option of submit without its dashes. Of those with names and values, such as env, only the
    one that is named changes. What is secret is not recorded and must be given again. The code of --code
    is that of the old job, unless --set code=DIR packs a folder anew.

    \b
    arena rerun bert
    arena rerun bert --set workers=4 --set env=LR=0.1 --name bert-wide
    arena rerun bert --replace --logs
    arena rerun bert --set secret=TOKEN=VALUE --dry-run
    """
    from arena.actions import reruns, training
    from arena.commands._submitting import carry_out
    from arena.commands._wish import Wish

    wish = Wish(**flags)
    of_kind, _, obj = training.find(session.cluster(), name, session.namespace, kind)
    spec = reruns.again(of_kind, obj, new or (name if wish.replace else reruns.fresh(name)), changes)
    wish = replace(wish, code=reruns.code(session.cluster(), obj, spec, changes))
    _remark_overrides(session, of_kind, obj, wish)
    return carry_out(session, of_kind, spec, wish, _as_before(session, obj, spec))


def _as_before(session: "Session", obj: dict[str, Any], spec: "TrainingSpec") -> dict[str, str] | None:
    """How the job's processes started, where they are those of this machine."""
    from arena.actions import reruns
    from arena.sdk import submits

    if not session.is_local:
        return None
    return reruns.surroundings(obj, here=submits.starts_here(spec)) or None


def _remark_overrides(session: "Session", kind: "Kind", obj: dict[str, Any], wish: "Wish") -> None:
    """Warn where the job was made with a template or patch that does not apply now: files are not kept."""
    from arena.actions import reruns
    from arena.commands._wish import overrides

    old, now = reruns.overrides(obj), overrides(session, kind, wish).words
    if old and list(now) != old and not (wish.template or wish.patch):
        click.echo(
            f"Warning: it was submitted with {shlex.join(old)}; give that again if it shall hold", err=True
        )
