"""arena metrics: show the metrics of jobs over time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _console, _flags, _pictures
from arena.commands._complete import jobs
from arena.commands._globals import pass_session
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.model.curves import Curves
    from arena.session import Session

PICTURES = ("svg", "png")


@click.command("metrics")
@click.argument("names", metavar="JOB...", nargs=-1, required=True, shell_complete=jobs)
@_flags.kind_option
@click.option("--metric", "metrics", multiple=True, metavar="METRIC", callback=_flags.validated("text"),
              help="Draw this metric; repeat it for several.")  # fmt: skip
@click.option("--plot", is_flag=True, help="Draw all metrics.")
@click.option("--file", "path", metavar="FILE.svg|png", callback=_flags.validated("text"),
              help="File to save; `-` is standard output.  [default: the first job's name]")  # fmt: skip
@click.option("--ascii", "ascii_only", is_flag=True, help="Use ASCII only for curves in the terminal.")
@_flags.output_option("table", "json", "yaml", *PICTURES, default=None)
@pass_session
def command(session: "Session", names: tuple[str, ...], kind: "Kind | None", **flags: Any) -> None:
    """Show the metrics of jobs over time, those of several jobs over each other.

    They are read from the output of the first instance: `loss=0.5`, `loss: 0.5` and JSON lines, with `step`
    or `epoch` in the same line. On the local cluster, event files below the --logdir of a job with
    --tensorboard are read, too.

    \b
    arena metrics bert
    arena metrics bert bert-wide --metric loss
    arena metrics bert --plot
    arena metrics bert bert-wide --metric loss --file loss.png
    arena metrics bert -o json
    """
    from arena.actions.jobs import metrics as actions
    from arena.views import encode
    from arena.views import metrics as views

    form = _form(flags)
    found = actions.metrics(session, *names, kind=kind)
    _console.missing([one for job in found for one in job.unread])
    chosen = _chosen(found, flags["metrics"])
    if form in ("json", "yaml"):
        _console.page(encode.encode(views.data(found, chosen), form))
        return
    _remarks(found)
    if not views.names(found):
        return
    if form in PICTURES:
        _save(found, chosen or views.names(found), form, flags["path"] or f"{names[0]}.{form}")
    elif chosen or flags["plot"]:
        _draw(found, chosen or views.names(found), flags["ascii_only"])
    else:
        _console.page(views.page(found))


def _form(flags: dict[str, Any]) -> str:
    form, path = flags["form"], flags["path"]
    if path and form is None:
        return _pictures.form(path, PICTURES)
    if path and form not in PICTURES:
        raise SpecError("--file: only pictures are saved", "give -o svg or -o png")
    return str(form or "table")


def _chosen(found: "Sequence[Curves]", asked: tuple[str, ...]) -> list[str]:
    """The metrics that were asked for; raises SpecError for one that no job has."""
    from arena.views.metrics import names

    known = names(found)
    if known and (unknown := [one for one in asked if one not in known]):
        raise SpecError(f"--metric: no metric is called {unknown[0]}", f"choose from {', '.join(known)}")
    return list(dict.fromkeys(asked))


def _remarks(found: "Sequence[Curves]") -> None:
    for one in found:
        if one.lines:
            _console.remark(f"only the last {one.lines:,} lines of {one.name} were read")
        if not one.metrics:
            _console.remark(f"{one.name} has reported no metrics, such as loss=0.5")


def _draw(found: "Sequence[Curves]", metrics: Sequence[str], ascii_only: bool) -> None:
    from arena.views import metric_plots

    ink = _pictures.ink(ascii_only)
    _console.coloured(metric_plots.as_text(found, metrics, _pictures.columns(), ink))
    _omitted(metrics)


def _save(found: "Sequence[Curves]", metrics: Sequence[str], form: str, path: str) -> None:
    from arena.views import metric_plots

    is_png = form == "png"
    content = metric_plots.as_png(found, metrics) if is_png else metric_plots.as_svg(found, metrics).encode()
    _pictures.save(content, path)
    _omitted(metrics)


def _omitted(metrics: Sequence[str]) -> None:
    from arena.views.metric_plots import METRICS

    if len(metrics) > METRICS:
        _console.remark(
            f"the first {METRICS} of {len(metrics)} metrics are drawn; choose others with --metric"
        )
