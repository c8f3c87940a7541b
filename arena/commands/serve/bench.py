"""arena serve bench: measure servings under load."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _console, _flags
from arena.commands._globals import pass_session, readable
from arena.commands.serve import _requests
from arena.errors import ArenaError, SpecError

if TYPE_CHECKING:
    from arena.model.benchmarks import Benchmark, Load
    from arena.session import Session

INTERRUPTED = 130
"""The exit code after Ctrl-C, whose figures are printed nevertheless."""


@click.command("bench")
@click.argument("names", nargs=-1, metavar="[SERVING]...", shell_complete=_requests.servers)
@click.option("--url", "urls", multiple=True, metavar="URL", callback=_requests.url,
              help="Server to measure besides the servings.")  # fmt: skip
@click.option("-i", "--input", "text", metavar="INPUT", callback=_flags.validated("text"),
              help="Input of each request, as `predict` takes it.")  # fmt: skip
@click.option("--sample", metavar="FILE", callback=readable,
              help="File with an input on each line, which are sent in turn.")  # fmt: skip
@click.option(
    "--rps",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="Send N requests a second, whatever the server does (open loop).",
)
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    metavar="N",
    help="Keep N requests under way (closed loop).  [default: 1]",
)
@click.option(
    "--duration",
    default="10s",
    show_default=True,
    metavar="TIME",
    callback=_flags.duration,
    help="Length of the measurement.",
)
@click.option("--requests", type=click.IntRange(min=1), metavar="N", help="Stop after N requests.")
@click.option(
    "--warmup",
    default="1s",
    show_default=True,
    metavar="TIME",
    callback=_flags.duration,
    help="Load before the measurement begins.",
)
@click.option("--together", is_flag=True, help="Load all servers at once instead of one after the other.")
@click.option(
    "--save",
    metavar="FILE.svg",
    callback=_flags.validated("text"),
    help="Save a picture of latency over time and its distribution.",
)
@_requests.options
@_flags.output_option("table", "json", "yaml")
@pass_session
def command(
    session: "Session", names: tuple[str, ...], urls: tuple[str, ...], form: str, **flags: Any
) -> int:
    """Measure servings under load: latency, throughput, errors and tokens.

    Several servings are compared side by side. SERVING is a name, NAME@VERSION or a URL.

    At a constant rate (--rps), latency counts from the moment at which a request was due, so that a server
    that stalls cannot hide it. Ctrl-C ends the measurement and prints what was measured.

    \b
    arena serve bench digits -i '[[0, 0, 5, 13]]' --rps 200 --duration 30s
    arena serve bench digits@1 digits@2 --sample rows.jsonl --concurrency 8
    arena serve bench chat -i 'Tell me a joke.' --max-tokens 64 --save chat.svg
    """  # fmt: skip
    from arena.actions.serving.bench.bench import bench

    targets = [_requests.server(session, name, None, flags) for name in names]
    targets += [_requests.server(session, "", url, flags) for url in urls]
    if not targets:
        raise SpecError("neither a serving nor a URL was given", "arena serve list shows the servings")
    load = _load(flags)
    _writable(flags["save"])
    samples = _samples(flags)
    with _Progress() as progress:
        found = bench(session, targets, samples, load, progress.show, flags["together"])
    _print(session, found, form)
    _save(found, flags["save"])
    return _code(found)


def _load(flags: dict[str, Any]) -> "Load":
    from arena.actions.serving.bench.bench import checked
    from arena.model.benchmarks import Load

    if flags["rps"] is not None and flags["concurrency"] is not None:
        raise SpecError("--rps and --concurrency are mutually exclusive", "omit one")
    try:
        return checked(Load(
            rps=flags["rps"],
            concurrency=1 if flags["concurrency"] is None else flags["concurrency"],
            duration=float(flags["duration"]),
            requests=flags["requests"],
            warmup=float(flags["warmup"]),
            timeout=float(flags["timeout"]),
        ))  # fmt: skip
    except SpecError as error:
        raise SpecError(f"the load is wrong: {error.message}", error.hint) from error


def _samples(flags: dict[str, Any]) -> "list[str | bytes]":
    """The inputs: that of --input, or the lines of --sample."""
    if (flags["text"] is None) == (flags["sample"] is None):
        raise SpecError("give one of --input and --sample", "such as --input '[[1, 2, 3]]'")
    if flags["text"] is not None:
        return [_requests.content(flags["text"])]
    from arena.actions.serving import inputs

    path = flags["sample"]
    content = sys.stdin.buffer.read() if path == "-" else inputs.read(path)
    lines = [line for line in content.decode("utf-8", "replace").splitlines() if line.strip()]
    if not lines:
        raise SpecError(f"--sample: {path} has no lines", "write an input on each line")
    return list(lines)


def _writable(path: str | None) -> None:
    """Refuse a picture that cannot be saved, before anything is measured."""
    if path is None:
        return
    if not path.endswith(".svg"):
        raise SpecError(f"--save: {path} does not end with .svg", "the picture is an SVG file")
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK) or os.path.isdir(path):
        raise SpecError(f"--save: {path} cannot be written", "name a file in a folder that exists")


class _Progress:
    """The line that shows what was measured so far."""

    def __init__(self) -> None:
        from arena.commands._progress import Live

        self._live = Live()

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self._live.clear()

    def show(self, found: "Sequence[Benchmark]") -> None:
        """Show it; when piped, every ten seconds."""
        from arena.views.benchmarks import live

        tens = int(found[0].seconds / 10)
        if tens or self._live.redraws:
            self._live.show(live(found), (tuple(one.name for one in found), tens))


def _print(session: "Session", found: "Sequence[Benchmark]", form: str) -> None:
    from arena.commands import _show
    from arena.views import benchmarks

    if form == "table":
        _console.page(benchmarks.comparison(found))
    elif len(found) == 1:
        _show.show_one(session, benchmarks.BENCHMARKS, found[0], form)
    else:
        _show.show(session, benchmarks.BENCHMARKS, found, form)


def _save(found: "Sequence[Benchmark]", path: str | None) -> None:
    if path is None:
        return
    from arena.views.benchmark_picture import picture

    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(picture(found))
    except OSError as cause:
        raise ArenaError(
            f"--save: {path} cannot be written: {cause.strerror}", "choose another file"
        ) from cause
    _console.remark(f"saved {path}")


def _code(found: "Sequence[Benchmark]") -> int:
    """130 after Ctrl-C, 1 if a server gave no right answer at all."""
    if any(one.interrupted for one in found):
        _console.remark("interrupted")
        return INTERRUPTED
    return 0 if all(one.succeeded for one in found) else 1
