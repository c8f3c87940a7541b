"""A guarded canary on the command line: start, measure, and promote or roll back."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _console, _flags
from arena.commands._progress import Live
from arena.commands.serve import _requests
from arena.errors import ArenaError, JobFailed, SpecError, aimed

if TYPE_CHECKING:
    from arena.actions.serving.canary.sources import Source
    from arena.actions.serving.canary.state import Canary
    from arena.actions.serving.guard import Rule
    from arena.kinds.kind import Kind
    from arena.model.benchmarks import Benchmark
    from arena.session import Session


def _percent(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    from arena.kinds.validators import shown

    word = (value or "").removesuffix("%")
    if value is None:
        return None
    if not (word.isascii() and word.isdigit() and len(word) < 3 and 1 <= int(word) <= 99):
        raise SpecError(f"--canary: {shown(value)} is no percentage from 1 to 99", "write it like 10%")
    return int(word)


def _conditions(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """A guard that cannot be read is refused before anything is started."""
    if value:
        from arena.actions.serving import guard

        guard.parse(value)
    return value


FLAGS = _flags.decorated(
    click.option("--canary", metavar="SHARE", callback=_percent,
                 help="Run the change beside the serving with this part of the traffic, and measure both."),
    click.option("--guard", default="", metavar="CONDITIONS", callback=_conditions,
                 help="With --canary: what must hold of it, such as 'p95<300ms,errors<1%'."),
    click.option("--for", "seconds", default="10m", metavar="TIME", callback=_flags.duration,
                 help="With --canary: how long to measure.  [default: 10m]"),
    click.option("--sample", "samples", multiple=True, metavar="INPUT", callback=_flags.validated("text"),
                 help="With --canary: request to replay, as predict takes it (@FILE); without it, the "
                      "engine's metrics are measured.  [repeatable]"),
    click.option("--rps", type=click.FloatRange(min=0.1), default=10.0, metavar="N",
                 help="With --sample: requests per second to each.  [default: 10]"),
)  # fmt: skip


def run(
    session: "Session",
    name: str,
    changes: Mapping[str, Any],
    where: "tuple[str, Kind | None]",
    flags: Mapping[str, Any],
) -> None:
    """Start a canary, measure it with its serving, and promote it or roll it back by its guard.

    Args:
        where: the version and the kind of the serving.
        flags: the values of FLAGS.

    Raises:
        JobFailed: the guard was broken, and the canary was rolled back.
    """
    from arena.actions.serving import guard
    from arena.actions.serving.canary import canary, sources

    rules = guard.parse(flags["guard"])
    source = sources.chosen([_requests.content(one) for one in flags["samples"]], flags["rps"])
    found = canary.located(session, name, *where)
    canary.check(session, found, source, rules)
    _console.remark(f"using {session.describe()}")
    made = canary.start(session, found, changes, flags["canary"], flags["guard"])
    _console.line(f"canary {made.title} started")
    try:
        measured = _measured(session, made, source, rules, flags["seconds"])
    except KeyboardInterrupt:
        _console.remark()
        _asked(session, made)
        raise
    except ArenaError as error:
        roll_back(session, made)
        error.hint = "; ".join(filter(None, (error.hint, "the canary was rolled back")))
        raise
    _judge(session, made, rules, measured)


def _measured(
    session: "Session",
    made: "Canary",
    source: "Source",
    rules: "tuple[Rule, ...]",
    seconds: int,
) -> "Benchmark":
    """Wait for the canary, shift the traffic, and return what was measured of it."""
    from arena.actions.serving.canary import canary
    from arena.commands.serve._waiting import shown

    shown(lambda report: canary.ready(session, made, report))
    _console.remark(f"traffic split by {canary.shift(session, made).by}")
    with Live() as live:

        def tell(so_far: "Sequence[Benchmark]") -> None:
            text = "  |  ".join(_column(one) for one in so_far)
            passed = int(so_far[0].seconds)
            live.show(f"{passed}s of {seconds}s  {text}", passed // 30)

        found = source.measured(session, canary.sides(session, made), rules, seconds, tell)
    for one in found:
        _console.remark(_column(one))
    if any(one.interrupted for one in found):
        raise KeyboardInterrupt
    return found[1]


def _column(one: "Benchmark") -> str:
    return (
        f"{one.name}: {one.requests} requests, p50 {one.latency.p50 * 1000:.1f} ms, "
        f"p95 {one.latency.p95 * 1000:.1f} ms, errors {one.error_share:.1%}"
    )


def _judge(session: "Session", made: "Canary", rules: "tuple[Rule, ...]", measured: "Benchmark") -> None:
    from arena.actions.serving import guard

    if wrong := guard.broken(rules, measured):
        roll_back(session, made)
        told = ", ".join(one.text for one in wrong)
        raise JobFailed(
            f"the canary of serving {made.name} broke its guard: {told}",
            "it was rolled back; the serving is as it was",
        )
    promote(session, made)


def promote(session: "Session", made: "Canary") -> None:
    """Let the serving run what its canary runs, and end the canary once all instances do."""
    from arena.actions.serving.canary import canary
    from arena.commands.serve._waiting import shown

    shown(lambda report: canary.promote(session, made, report))
    _console.line(f"canary {made.title} promoted")


def roll_back(session: "Session", made: "Canary") -> None:
    """End a canary without its change."""
    from arena.actions.serving.canary import canary
    from arena.commands.serve._waiting import shown

    shown(lambda report: canary.roll_back(session, made, report))
    _console.line(f"canary {made.title} rolled back")


def _asked(session: "Session", made: "Canary") -> None:
    """Ask what becomes of a canary whose measurement was interrupted; without a terminal it stays."""
    where = aimed(made.name, session.namespace)
    if sys.stdin.isatty():
        choices = click.Choice(["promote", "rollback", "leave"])
        answer = click.prompt("What becomes of the canary?", type=choices, default="rollback", err=True)
        if answer == "promote":
            promote(session, made)
        if answer == "rollback":
            roll_back(session, made)
        if answer != "leave":
            return
    _console.remark(f"the canary stays; end it: arena serve promote {where}, or arena serve rollback {where}")
