"""Requests for sweeps of a job that exists, and of a file that names the kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arena import kinds, manifests
from arena.actions.jobs import rerun
from arena.actions.submit.request import Request
from arena.actions.submit.submit import Tell, ignore
from arena.errors import SpecError
from arena.kinds.kind import Kind
from arena.kinds.sweeps import placeholders
from arena.kinds.sweeps.experiment import room
from arena.search.parameters import Parameter
from arena.values import replace

if TYPE_CHECKING:
    from arena.session import Session


def request(
    session: Session,
    name: str,
    parameters: Sequence[Parameter],
    *settings: str,
    kind: Kind | str | None = None,
    tell: Tell = ignore,
) -> Request:
    """Return the request for a sweep of a job that exists.

    A parameter without a placeholder takes the place of the value that the job's command gives with a flag of
    its name (`--lr 0.1`, `--batch-size=16`, `lr=0.1`), or of a variable of its name.

    Args:
        name: the job.
        settings: changes to its options, such as `workers=4` or `command=python train.py --lr {lr}`.
        kind: required if several kinds have a job of that name.
        tell: called with each remark.

    Raises:
        NotFound: there is no such job, or another tool submitted it.
        SpecError: a change cannot be made, or a secret is missing.
    """
    again = rerun.Rerun(name, settings, new=rerun.new_name(name[:20]))
    found = rerun.request(session, again, kind=kind, tell=tell)
    longest = room(found.kind.spec.suffix)
    if "name" not in [one.partition("=")[0] for one in settings]:
        found = replace(found, given={**found.given, "name": rerun.new_name(name[: longest - 6].rstrip("-"))})
    return _with_places(found, parameters)


def _with_places(found: Request, parameters: Sequence[Parameter]) -> Request:
    command, env = str(found.given.get("command") or ""), dict(found.given.get("env") or {})
    used = {name for text in (command, *map(str, env.values())) for name in placeholders.names(text)}
    for name in [one.name for one in parameters if one.name not in used]:
        place = f"{{{name}}}"
        changed = placeholders.in_command(command, placeholders.flags(name), place)
        variable = next((key for key in (name, name.upper()) if key in env), "")
        if changed == command and variable:
            env[variable] = place
        command = changed
    return replace(found, given={**found.given, "command": command, "env": env})


def kind_of_file(file: str) -> Kind:
    """The kind that a file with the options of a sweep names.

    Raises:
        SpecError: it names none.
    """
    what = manifests.called(file)
    found: Any = manifests.load(manifests.find("", file), what, written=True)
    named = found.get("kind") if isinstance(found, Mapping) else None
    if not named:
        raise SpecError(
            f"{what} does not say of which kind the jobs are",
            f"write kind: pytorchjob, or: arena sweep submit KIND -f {file}",
        )
    return kinds.find(str(named))
