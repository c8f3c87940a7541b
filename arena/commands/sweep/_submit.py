"""Submit a sweep, or show what would be sent."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arena.commands import _console, _show, _submit
from arena.commands._progress import Live
from arena.commands._request import Output
from arena.errors import SpecError, aimed
from arena.values import frozen

if TYPE_CHECKING:
    from arena.actions.submit.request import Request
    from arena.kinds.kind import Kind
    from arena.kinds.sweeps.spec import SweepSpec
    from arena.model.sweeps import Sweep
    from arena.session import Session


@frozen
class Source:
    """Where the options of the jobs come from, if not from the command line."""

    file: str | None = None
    from_job: str | None = None
    kind: "Kind | None" = None
    changes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.file and self.from_job:
            raise SpecError("--file and --from-job are mutually exclusive", "give one of them")

    @classmethod
    def of(cls, flags: Mapping[str, Any]) -> "Source":
        """The source that the flags name."""
        return cls(**{name: flags[name] for name in ("file", "from_job", "kind", "changes")})


def run(session: "Session", request: "Request", given: Mapping[str, Any], output: Output) -> None:
    """Submit a sweep, or show what would be sent.

    Args:
        request: the job; its file may hold options of the sweep, too.
        given: options of the sweep by field, as text.
    """
    from arena.kinds.spec import divide
    from arena.kinds.sweeps.spec import SweepSpec

    own, rest = divide(SweepSpec, request.file)
    _run(session, replace(request, file=rest), _spec({**own}, given), output)


def run_from(session: "Session", source: Source, given: Mapping[str, Any], flags: Mapping[str, Any]) -> None:
    """As `run`, for a job that a file or an existing job describes."""
    output = Output.of(flags)
    if source.from_job:
        from arena.actions.sweeps import from_job

        spec = _spec({}, given)
        found = from_job.request(
            session, source.from_job, spec.parameters, *source.changes, kind=source.kind, tell=_console.remark
        )
        _run(session, replace(found, **_planned(flags)), spec, output)
    else:
        run(session, _of_file(source, flags), given, output)


def _of_file(source: Source, flags: Mapping[str, Any]) -> "Request":
    from arena.actions.submit.request import Request, load
    from arena.actions.sweeps.from_job import kind_of_file
    from arena.kinds import argv

    assert source.file
    kind = source.kind or kind_of_file(source.file)
    changed = argv.amended(kind.spec, {}, source.changes)
    return Request(kind=kind, given=changed, file=load(source.file, kind), **_planned(flags))


def _planned(flags: Mapping[str, Any]) -> dict[str, Any]:
    return {name: flags[name] for name in ("template", "patch", "replace")}


def _spec(file: Mapping[str, Any], given: Mapping[str, Any]) -> "SweepSpec":
    from arena.kinds.levels import over
    from arena.kinds.spec import parse, partial, plain
    from arena.kinds.sweeps.spec import SweepSpec, remarks

    # By name, since a parameter of the file may be given again as a flag.
    named = {
        key: partial(SweepSpec, {key: value}).get("param") if plain(key) == "param" else value
        for key, value in file.items()
    }
    words = over(SweepSpec, named, given)
    spec = parse(SweepSpec, words)
    written = words["metric"]
    several = written if isinstance(written, (list, tuple)) else [written]
    for remark in remarks(spec, tuple(map(str, several))):
        _console.remark(f"Warning: {remark}")
    return spec


def _run(session: "Session", request: "Request", spec: "SweepSpec", output: Output) -> None:
    from arena.actions.sweeps import submit

    tell = _console.remark
    if output.dry_run:
        server = output.dry_run == "server"
        _submit.show(session, submit.dry_run(session, request, spec, server=server, tell=tell), output)
        return
    with Live() as live:
        made = submit.submit(
            session, request, spec, replace=request.replace, tell=live.clearing(tell), progress=live.show
        )
    _print(session, made, output)


def _print(session: "Session", made: "Sweep", output: Output) -> None:
    """Print the sweep that was created in the format of -o, or what to do next; with --wait, wait."""
    from arena.commands.sweep._waiting import finish
    from arena.kinds.sweeps.spec import FOREGROUND
    from arena.views.sweeps import SWEEPS

    if output.form:
        _show.show_one(session, SWEEPS, made, output.form)
    if made.engine == FOREGROUND:  # this process has run it
        finish(made, quiet=bool(output.form))
        return
    if not output.form:
        _console.line(f"sweep {made.name} submitted")
    if output.stays:
        from arena.commands.sweep._waiting import stay

        stay(session, made, quiet=bool(output.form))
    elif not output.form:
        target = aimed(made.name, session.namespace)
        _console.remark(f"The sweep {made.name} has been submitted successfully")
        _console.remark(f"You can run `arena sweep get {target}` to check the sweep status")
