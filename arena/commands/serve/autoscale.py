"""arena serve autoscale: let the cluster change the number of instances by the load."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _console, _family, _flags
from arena.commands._globals import pass_session
from arena.commands.serve._family import SERVINGS, version_option
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.actions.serving.autoscale import Scaling
    from arena.kinds.kind import Kind
    from arena.model.servings import Metric
    from arena.session import Session

F = Callable[..., Any]


def _amount(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
    """A percentage such as 80 or 80%, or an amount such as 500m or 2Gi; "" if not given."""
    from arena import units
    from arena.kinds.validators import shown

    if value is None:
        return ""
    word = value.removesuffix("%")
    if word.isascii() and word.isdigit():
        if not 1 <= int(word) <= 1000 or len(word) > 4:
            raise SpecError(f"--{param.name}: {shown(value)} is no percentage", "write it like 80")
        return f"{int(word)}%"
    try:
        units.quantity(value)
    except SpecError as error:
        raise SpecError(
            f"--{param.name}: {shown(value)} is no amount",
            "write a percentage like 80, or an amount like 500m",
        ) from error
    return value


def _metrics(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> "tuple[Metric, ...]":
    """NAME:VALUE, several times."""
    from arena import units
    from arena.model.servings import Metric

    found = []
    for word in value:
        name, _, amount = word.rpartition(":")
        if not name or any(sign.isspace() for sign in name):
            raise SpecError(f'--metric: "{word}" is no metric with its target', "write it like NAME:20")
        try:
            units.quantity(amount)
        except SpecError as error:
            raise SpecError(f"--metric: {error.message}", error.hint) from error
        found.append(Metric(name=name, target=amount))
    return tuple(found)


@click.command("autoscale")
@_family.name_argument(SERVINGS)
@_family.kind_option(SERVINGS)
@version_option
@click.option(
    "--min",
    "least",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    metavar="N",
    help="Least instances; 0 where the cluster can.",
)
@click.option("--max", "most", type=click.IntRange(min=1), default=None, metavar="N", help="Most instances.")
@click.option(
    "--cpu",
    metavar="PERCENT|AMOUNT",
    callback=_amount,
    help="Target of the CPU usage: a percentage of the request, or an amount.",
)
@click.option(
    "--memory",
    metavar="PERCENT|AMOUNT",
    callback=_amount,
    help="Target of the memory usage: a percentage of the request, or an amount.",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME:VALUE",
    callback=_metrics,
    help="Target of another metric for each instance.  [repeatable]",
)
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    metavar="N",
    help="Target of the requests that each instance handles at once (KServe).",
)
@click.option(
    "--rps",
    type=click.IntRange(min=1),
    metavar="N",
    help="Target of the requests per second of each instance (KServe).",
)
@click.option("--off", is_flag=True, help="End it; the present number of instances stays.")
@_flags.output_option("json", "yaml", default=None)
@pass_session
def command(
    session: "Session", name: str, version: str, off: bool, form: str | None,
    kind: "Kind | None" = None, **flags: Any,
) -> None:  # fmt: skip
    """Let the cluster change the number of instances of a serving by its load.

    \b
    arena serve autoscale digits --min 1 --max 5 --cpu 80
    arena serve autoscale iris --min 0 --max 3 --concurrency 10
    arena serve autoscale digits --off
    """
    from arena.actions.serving import autoscale
    from arena.views import encode
    from arena.views.serving_details import scaler, scaler_data

    scaling = None if off else _scaling(**flags)
    _console.remark(f"using {session.describe()}")
    if scaling is None:
        was = autoscale.stop(session, name, version=version, kind=kind)
        _console.line(f"serving {name} is no longer scaled by its load" if was else
                      f"serving {name} was not scaled by its load", err=not was)  # fmt: skip
        return
    made = autoscale.autoscale(session, name, scaling, version=version, kind=kind)
    if form:
        _console.page(encode.encode(scaler_data(made), form))
    else:
        _console.line(f"serving {name} is scaled {scaler(made)}")


def _scaling(least: int, most: int | None, metrics: "tuple[Metric, ...]", **usual: Any) -> "Scaling":
    from arena.actions.serving.autoscale import Scaling
    from arena.model.servings import Metric

    if most is None:
        raise SpecError("--max is missing", "add --max N")
    found = [Metric(name=key, target=str(value)) for key, value in usual.items() if value]
    made = Scaling(least=least, most=most, metrics=(*found, *metrics))
    made.check()
    return made
