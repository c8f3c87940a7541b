"""What `submit` does once the line is read: build, show or send, then wait or stream."""

import getpass
import os
import re
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from arena._version import VERSION
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.actions.submit import Plan
    from arena.kinds.kind import Kind
    from arena.kinds.training.base import TrainingSpec
    from arena.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One submit as it was asked for."""

    given: dict[str, Any]
    """Options of the Spec by field, as text."""
    file: str | None
    template: str | None
    patch: str | None
    dry_run: str | None
    form: str | None
    replace: bool
    wait: bool
    logs: bool


def run(session: "Session", kind: "Kind", wish: Wish) -> int | None:
    """Submit, or show what would be sent; the exit code."""
    from arena.actions import submit, training
    from arena.kinds.training.base import remarks

    if wish.dry_run not in (None, "client", "server"):
        raise SpecError(
            f'--dry-run: "{wish.dry_run}" is neither client nor server', "write --dry-run or --dry-run=server"
        )
    spec = read(session, kind, wish)
    asks = wish.dry_run != "client"
    resource = training.require(session.cluster(), kind) if asks else None
    plan = submit.plan(
        kind,
        spec,
        resource=resource,
        namespace=session.namespace,
        origin=_origin(session, spec),
        overrides=submit.Overrides(template=wish.template, patch=wish.patch),
    )
    for remark in remarks(spec):
        click.echo(f"Warning: {remark}", err=True)
    if wish.dry_run:
        _show(session, plan, wish)
        return None
    return _send(session, plan, wish)


def read(session: "Session", kind: "Kind", wish: Wish) -> "TrainingSpec":
    """The Spec from flags, over the job file, over configured defaults; named after its script if need be."""
    from arena.kinds.spec import parse

    values = {key: setting.value for key, setting in session.settings.defaults(kind.name).items()}
    if wish.file:
        values = _over(values, load(wish.file, kind))
    values = _over(values, wish.given)
    if "name" not in values:
        values["name"] = name_from(str(values.get("command", "")), kind.name)
    spec: TrainingSpec = parse(kind.spec, values)
    return spec


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """`above` wins, whichever way a key is spelled."""

    def plain(key: str) -> str:
        return key.replace("-", "").replace("_", "").lower()

    taken = {plain(key) for key in above}
    return {key: value for key, value in below.items() if plain(key) not in taken} | above


def load(file: str, kind: "Kind") -> dict[str, Any]:
    """The keys of a job file; `-` reads standard input. Its optional `kind` must agree.

    Raises:
        SpecError: it cannot be read, is no mapping, or is of another kind.
    """
    from arena import kinds, manifests

    text = sys.stdin.read() if file == "-" else manifests.find("", file)
    found = manifests.load(text, file)
    if not isinstance(found, dict):
        raise SpecError(f"{file} is no job file", "write one option a line, such as workers: 4")
    named = found.pop("kind", None)
    if named is not None and kinds.find(str(named)) is not kind:
        raise SpecError(f"{file} describes a {named}", f"submit it with: arena submit {named} -f {file}")
    return {str(key): value for key, value in found.items()}


def name_from(command: str, kind: str) -> str:
    """A name made from the script that the command runs, with a few digits against clashes.

    >>> name_from("torchrun src/train_bert.py", "pytorchjob")[:11]
    'train-bert-'
    """
    scripts = re.findall(r"([\w.-]+)\.(?:py|sh|R|jl|lua)\b", command)
    stem = re.sub(r"[^a-z0-9]+", "-", (scripts[0] if scripts else kind).lower()).strip("-")[:36]
    stem = stem if stem[:1].isalpha() else f"job-{stem}".rstrip("-")
    return f"{stem}-{int(time.time()) % 36**4:06d}"


def _origin(session: "Session", spec: "TrainingSpec") -> Any:
    from arena.actions import submit

    around = {}
    if session.is_local:
        chosen = spec.working_dir != type(spec).working_dir
        around = submit.surroundings(os.environ, None if chosen else os.getcwd())
    return submit.Origin(submitter=_user(), version=VERSION, surroundings=around)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container's user may have no name.
        return str(os.getuid())


def _show(session: "Session", plan: "Plan", wish: Wish) -> None:
    from arena import manifests
    from arena.actions import submit
    from arena.views import encode

    if wish.dry_run == "server":
        submit.check(session.cluster(), plan)
        click.echo(f"{session.describe()} accepts it; nothing was created", err=True)
    objects = [manifests.masked(one) for one in plan.objects]
    if wish.form == "name":
        click.echo("\n".join(f"{one['kind'].lower()}/{one['metadata']['name']}" for one in objects))
    elif wish.form == "json":
        whole = objects[0] if len(objects) == 1 else {"apiVersion": "v1", "kind": "List", "items": objects}
        click.echo(encode.encode(whole, "json"))
    else:
        click.echo(manifests.dump(objects), nl=False)


def _send(session: "Session", plan: "Plan", wish: Wish) -> int | None:
    from arena.actions import submit
    from arena.views import encode, jobs

    click.echo(f"using {session.describe()}", err=True)
    job = submit.submit(session.cluster(), plan, instead=wish.replace)
    if wish.form == "name":
        click.echo(job.name)
    elif wish.form:
        click.echo(encode.encode(jobs.data(job, session.now()), wish.form))
    else:
        click.echo(f"{job.kind} {job.name} submitted")
    if wish.logs:
        from arena.actions.logs import Options
        from arena.commands._sinks import Sink
        from arena.commands.logs import stream

        stream(session, job.name, plan.kind, Options(), Sink(prefix=None, stamps=False))
    elif wish.wait:
        from arena.commands._wait import watch

        done = watch(session, job.name, plan.kind)
        click.echo(f"{done.kind} {done.name} {done.phase.value}")
    elif not wish.form:
        where = "" if session.namespace == "default" else f" -n {session.namespace}"
        click.echo(f"The Job {job.name} has been submitted successfully", err=True)
        click.echo(f"You can run `arena get {job.name}{where}` to check the job status", err=True)
    return None
