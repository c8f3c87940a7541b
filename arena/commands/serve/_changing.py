"""What commands that change servings have in common: their flags, and what they print."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from arena.commands import _bulk, _console, _family, _flags, _show
from arena.commands.serve._family import SERVINGS, patience_of, version_option
from arena.errors import SpecError, aimed

if TYPE_CHECKING:
    from arena.actions.serving.change import Changed
    from arena.session import Session

F = TypeVar("F", bound=Callable[..., Any])


def stay_options_of(*words: str) -> Callable[[F], F]:
    """`--wait` and its time limit, with these spellings."""
    return _flags.decorated(
        click.option("--wait", "stays", is_flag=True,
                     help="Wait until the rollout has ended; exit 7 if the cluster gives it up."),
        patience_of(*words),
    )  # fmt: skip


stay_options = stay_options_of("--timeout", "--wait-timeout")
form_option = _flags.output_option("name", "json", "yaml", default=None)
many_options = _flags.decorated(
    _family.names_argument(SERVINGS), _family.kind_option(SERVINGS), version_option, stay_options
)
"""The servings to change, and the flags of a wait."""


def each(
    session: "Session",
    names: Iterable[str],
    act: "Callable[[str], Changed]",
    words: "tuple[str, str]",
    *,
    stays: bool,
    patience: int | None,
) -> int:
    """Change each serving and print the result, and wait for their rollouts; return the exit code.

    Args:
        words: what to print after the name of a changed serving, and of one that needed no change.

    Raises:
        SpecError: there is no name.
    """
    targets = list(dict.fromkeys(names))
    if not targets:
        raise SpecError("no serving given", "name one or more; arena serve list shows them")
    _console.remark(f"using {session.describe()}")
    changed: list[Changed] = []

    def change(name: str) -> None:
        made = act(name)
        tell(made, words)
        changed.append(made)

    code = _bulk.each(targets, change)
    if stays:
        code = max(code, _bulk.each(changed, lambda one: stay(session, one, patience)))
    return code


def tell(made: "Changed", words: "tuple[str, str]") -> None:
    """Print what has become of a serving."""
    _console.line(f"serving {made.serving.title} {words[not made.is_changed]}", err=not made.is_changed)


def stay(session: "Session", made: "Changed", patience: int | None, *, quiet: bool = False) -> None:
    """Wait until the rollout has ended, and show how far it is; after Ctrl-C it continues.

    Args:
        quiet: print the result on stderr.
    """
    from arena.commands.serve import _waiting

    where = aimed(made.serving.object_name, made.serving.namespace)
    goes_on = f"the rollout continues; to undo it, run: arena serve rollback {where}"
    _waiting.stay(session, made.serving, patience, goes_on, quiet=quiet)


def preview(made: "Changed", form: str | None) -> None:
    """Print the patches and the new objects that would be sent."""
    from arena.views import encode

    if not made.is_changed:
        _console.remark(f"serving {made.serving.title} is already so")
        return
    meta = {"name": made.serving.object_name, "namespace": made.serving.namespace}
    whole = {**made.patch, "metadata": {**made.patch.get("metadata", {}), **meta}}
    if form == "name":
        _console.line(made.serving.object_name)
    else:
        more = [] if form == "json" else made.beside
        listed = {"apiVersion": "v1", "kind": "List", "items": [whole, *made.beside]}
        first = listed if form == "json" and made.beside else whole
        _console.page("\n---\n".join(encode.encode(one, form or "yaml") for one in (first, *more)))
    for one in made.deleted:
        _console.remark(f"{one} would be deleted")
    what = "this" if made.beside else "this patch"
    _console.remark(f"nothing was changed; {what} would be sent")


def show(session: "Session", made: "Changed", form: str | None, words: "tuple[str, str]") -> None:
    """Print a changed serving, in a format if one was requested."""
    if form:
        _show.show_one(session, SERVINGS.noun(), made.serving, form)
    else:
        tell(made, words)
