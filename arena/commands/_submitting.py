"""What `submit` does once the line is read: build, show or send, then wait or stream."""

import os
import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from arena.errors import SpecError, aimed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from arena.actions.packing import Archive
    from arena.actions.plans import Overrides, Plan
    from arena.kinds.kind import Kind
    from arena.kinds.training.base import TrainingSpec
    from arena.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One submit as it was asked for."""

    given: dict[str, Any] = field(default_factory=dict)
    """Options of the Spec by field, as text."""
    file: str | None = None
    template: str | None = None
    patch: str | None = None
    dry_run: str | None = None
    form: str | None = None
    replace: bool = False
    wait: bool = False
    logs: bool = False
    code: "Archive | None" = None
    """The code of an older job, instead of what is now in the folder of --code."""


def run(session: "Session", kind: "Kind", wish: Wish) -> int | None:
    """Submit, or show what would be sent; the exit code."""
    check_trial(wish)
    return carry_out(session, kind, read(session, kind, wish), wish)


def check_trial(wish: Wish) -> None:
    """Refuse a --dry-run that is of no kind; raises SpecError."""
    if wish.dry_run not in (None, "client", "server"):
        raise SpecError(
            f'--dry-run: "{wish.dry_run}" is neither client nor server', "write --dry-run or --dry-run=server"
        )


def carry_out(
    session: "Session",
    kind: "Kind",
    spec: "TrainingSpec",
    wish: Wish,
    surroundings: "Mapping[str, str] | None" = None,
) -> int | None:
    """As `run`, of a Spec that is there.

    Args:
        surroundings: how processes of this machine start; None: as this process did.
    """
    plan = planned(session, kind, spec, wish, surroundings)
    if wish.dry_run:
        show(session, plan, wish)
        return None
    return _send(session, plan, wish)


def planned(
    session: "Session",
    kind: "Kind",
    spec: "TrainingSpec",
    wish: Wish,
    surroundings: "Mapping[str, str] | None" = None,
) -> "Plan":
    """What would be sent, as of `carry_out`; says what the user should hear of it."""
    from arena.actions import queues, served
    from arena.kinds.training.base import remarks
    from arena.sdk import submits

    asks = wish.dry_run != "client"
    resource = served.require(session.cluster(), kind) if asks else None
    told = remarks(spec)
    if resource:
        spec = queues.settled(session.cluster(), spec)
        told += queues.remarks(session.cluster(), resource, spec, session.namespace)
    plan = submits.plan(
        session,
        spec,
        kind=kind,
        resource=resource,
        overrides=overrides(session, kind, wish),
        surroundings=surroundings,
    )
    if plan.code:
        click.echo(plan.code.summary, err=True)
        told += plan.code.remarks
        if (
            session.is_local
            and spec.tensorboard
            and not os.path.isabs(spec.logdir)
            and "://" not in spec.logdir
        ):
            told.append(
                f"--logdir {spec.logdir} is a folder of each instance's own, as its code is; "
                "give an absolute path, lest TensorBoard show nothing"
            )
    for remark in told:
        click.echo(f"Warning: {remark}", err=True)
    return plan


def read(session: "Session", kind: "Kind", wish: Wish) -> "TrainingSpec":
    """The Spec from flags, over the job file, over configured defaults; named after its script if need be."""
    from arena.actions.defaults import configured
    from arena.kinds.spec import over, parse

    asked = session.cluster() if wish.dry_run != "client" else None
    values = configured(session.settings, kind, asked)
    if wish.file:
        values = over(values, load(wish.file, kind))
    values = over(values, wish.given)
    if "name" not in values:
        values["name"] = name_from(str(values.get("command", "")), kind.name)
    spec: TrainingSpec = parse(kind.spec, values)
    return spec


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


def name_from(command: str, kind: str, longest: int = 42) -> str:
    """A name made from the script that the command runs, with a few digits against clashes.

    >>> name_from("torchrun src/train_bert.py", "pytorchjob")[:-5]
    'train-bert-'
    """
    scripts = re.findall(r"([\w.-]+)\.(?:py|sh|R|jl|lua)\b", command)
    stem = re.sub(r"[^a-z0-9]+", "-", (scripts[0] if scripts else kind).lower()).strip("-")
    stem = (stem if stem[:1].isalpha() else f"job-{stem}")[: longest - 6].rstrip("-")
    # Drawn, not the time: a loop in the shell submits many a second.
    return f"{stem}-{os.urandom(3).hex()[:5]}"


def overrides(session: "Session", kind: "Kind", wish: Wish) -> "Overrides":
    """The template and the patch of a submit: flags, else the user's own template of the kind."""
    from arena.actions.plans import Overrides

    template = wish.template or _own_template(session, kind)
    return Overrides(template=template, patch=wish.patch, code=wish.code)


def _own_template(session: "Session", kind: "Kind") -> str | None:
    """The user's template of the kind, where the setting `templates` names a folder that has one."""
    folder = session.settings.text("templates")
    if not folder:
        return None
    there = os.path.expanduser(folder)
    if not os.path.isdir(there):
        origin = session.settings["templates"].origin
        raise SpecError(f"the setting templates ({origin}) names no folder: {folder}", "correct or remove it")
    path = os.path.join(there, kind.template)
    return path if os.path.exists(path) else None


def show(session: "Session", plan: "Plan", wish: Wish) -> None:
    """Print what would be sent, after the cluster has accepted it where it was asked."""
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
    elif wish.form or not plan.parts or not sys.stdout.isatty():
        click.echo(manifests.dump(objects), nl=False)
    else:
        click.echo(manifests.dump(map(manifests.brief, objects)), nl=False)
        click.echo("the packed code is cut short on a terminal; -o yaml shows all of it", err=True)


def _send(session: "Session", plan: "Plan", wish: Wish) -> int | None:
    from arena.actions import queues, submit
    from arena.views import encode, jobs

    click.echo(f"using {session.describe()}", err=True)
    job = submit.submit(session.cluster(), plan, instead=wish.replace, tell=_tell)
    if warning := queues.unheeded(session.cluster(), plan.resource, job):
        click.echo(f"Warning: {warning}", err=True)
    if wish.form == "name":
        click.echo(job.name)
    elif wish.form:
        click.echo(encode.encode(jobs.data(job, session.now()), wish.form))
    else:
        click.echo(f"{job.kind} {job.name} submitted")
    if session.is_local and job.gpus:
        _remark_virtual(session, job.gpus)
    if wish.logs or wish.wait:
        _stay(session, plan, wish)
    elif not wish.form:
        click.echo(f"The Job {job.name} has been submitted successfully", err=True)
        click.echo(
            f"You can run `arena get {aimed(job.name, session.namespace)}` to check the job status", err=True
        )
    return None


def _tell(remark: str) -> None:
    click.echo(remark, err=True)


def _remark_virtual(session: "Session", gpus: int) -> None:
    """Say that GPUs which only exist in name make nothing faster."""
    from arena.actions import nodes

    if any(node.virtual_gpus for node in nodes.nodes(session.cluster())):
        click.echo(f"no NVIDIA GPU here: {gpus} virtual ones, your program runs on the CPU", err=True)


def _stay(session: "Session", plan: "Plan", wish: Wish) -> None:
    """Stream or wait until the job has ended; Ctrl-C leaves it running and says so."""
    try:
        if wish.logs:
            from arena.actions.logs import Options
            from arena.commands._sinks import Sink
            from arena.commands.logs import stream

            stream(session, plan.name, plan.kind, Options(), Sink(prefix=None, stamps=False))
        else:
            from arena.actions import goals
            from arena.commands._wait import watch

            [ended] = watch(session, [plan.name], plan.kind)
            done = goals.judged(ended)
            click.echo(f"{done.kind} {done.name} {done.phase.value}")
    except KeyboardInterrupt:
        click.echo(
            f"\nthe job goes on; to end it: arena delete {aimed(plan.name, session.namespace)}", err=True
        )
        raise
