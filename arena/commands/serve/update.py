"""arena serve update: change the options of a serving."""

import re
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _complete, _console, _family, _flags
from arena.commands._globals import pass_session, spread
from arena.commands._kinds import Kinds
from arena.commands._spec import SpecCommand, given, spec_options
from arena.commands.serve import _canary, _changing, _kind_options
from arena.commands.serve._family import SERVINGS, completed_names, version_option

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from arena.kinds.kind import Kind
    from arena.session import Session

FLAGS = (
    click.option("--dry-run", is_flag=True, help="Print the patch and change nothing."),
    _changing.form_option,
    # Some kinds have --timeout, which is that of requests.
    _changing.stay_options_of("--wait-timeout"),
    _canary.FLAGS,
)


class Update(SpecCommand):
    """Reads flags as the command that submits a serving."""

    heading = "Options of update"


class Updates(Kinds):
    """A command for each kind, and one for the name of any serving."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a kind, or that of the serving with this name."""
        from arena import kinds
        from arena.errors import SpecError

        try:
            return _of_kind(kinds.find(cmd_name, SERVINGS.family()))
        except SpecError:
            return _of_name(cmd_name)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """The kinds, the names of servings, and the options of the group."""
        from click.shell_completion import CompletionItem

        names = _complete.found(ctx, SERVINGS.names, incomplete)
        return [*(CompletionItem(name) for name in names), *super().shell_complete(ctx, incomplete)]


def _of_kind(kind: "Kind") -> click.Command:
    """The command that updates servings of a kind, named by --name."""
    name = click.option("--name", required=True, metavar="NAME", help="Name of the serving.",
                        shell_complete=completed_names, callback=_flags.validated("subdomain"))  # fmt: skip

    def function(session: "Session", name: str, **flags: Any) -> None:
        _update(session, name, kind.spec, kind=kind, **flags)

    function.__doc__ = f"""Change a serving of the kind {kind.name}; only what is named changes.

    \b
    arena serve update {kind.name} --name digits --image IMAGE --wait
    arena serve update {kind.name} --name digits -v 2 --memory 4Gi -e LOG=debug --dry-run
    """
    return _command(kind.name, kind.spec, function, name)


def _of_name(name: str) -> click.Command:
    """The command that updates one serving, whatever its kind."""
    from arena.kinds.serving.specs.base.spec import ServingSpec

    def function(session: "Session", **flags: Any) -> None:
        _update(session, name, ServingSpec, **flags)

    function.__doc__ = """Change a serving; only what is named changes.

    The options of its kind are accepted, too: arena serve update KIND --help lists them.

    \b
    arena serve update digits --image IMAGE --wait
    arena serve update digits@2 --replicas 3
    """
    named = _flags.decorated(_family.kind_option(SERVINGS), _kind_options.accepted(ServingSpec))
    return _command(name, ServingSpec, function, named)


def _command(name: str, spec: type, function: Any, naming: Any) -> click.Command:
    from arena.actions.serving.joining import FIXED
    from arena.kinds.spec import options

    decorated: Any = pass_session(function)
    for option in reversed((naming, version_option, *FLAGS)):
        decorated = option(decorated)
    decorated = spec_options(spec, without=FIXED)(decorated)
    made: SpecCommand = click.command(name, cls=Update)(decorated)
    made.sections = {one.name: "What to change" for one in options(spec)}
    for param in made.params:
        if isinstance(param, click.Option) and param.name in made.sections:
            # What is not given stays as it is.
            param.help = re.sub(r"  \[default: [^]]*\]", "", param.help or "")
    return spread(made)


@click.group("update", cls=Updates, family=SERVINGS)
def command() -> None:
    """Change the options of a serving; only what is named changes.

    Name the kind and --name, or the serving alone. The instances are replaced step by step, and other
    clients' changes stay. Files, secrets and code are read anew if they are named. If a step is refused or
    interrupted, all is as before.

    \b
    arena serve update digits --image IMAGE --wait
    arena serve update custom --name digits --image IMAGE
    arena serve update triton --name digits -v 2 --model-repository /models
    arena serve update digits --config-file app.yaml:/etc/app.yaml --secret TOKEN --code .
    """


def _update(  # noqa: PLR0913  # one parameter a flag
    session: "Session",
    name: str,
    spec: type,
    *,
    version: str,
    dry_run: bool,
    form: str | None,
    stays: bool,
    patience: int | None,
    kind: "Kind | None" = None,
    **more: Any,
) -> None:
    from arena.actions.serving import change
    from arena.actions.serving.joining import FIXED
    from arena.actions.serving.update import update
    from arena.kinds import spec as specs

    every = given(click.get_current_context(), spec)
    changes = {option: value for option, value in every.items() if option not in FIXED}
    specs.partial(spec, changes)  # a wrong value is refused before the cluster is asked
    if flags := _kind_options.given(click.get_current_context()):
        changes |= _kind_options.of(change.locate(session, name, version, kind).kind, flags)
    if more["canary"] and not dry_run:
        _canary.run(session, name, changes, (version, kind), more)
        return
    if not dry_run:
        _console.remark(f"using {session.describe()}")
    made = update(session, name, changes, version=version, kind=kind, dry_run=dry_run, tell=_console.remark)
    if dry_run:
        _changing.preview(made, form)
        return
    _changing.show(session, made, form, ("updated", "is already so"))
    if stays:
        _changing.stay(session, made, patience, quiet=bool(form))
