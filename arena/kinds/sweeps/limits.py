"""What a sweep asks for that Katib cannot do, so that this process has to run it."""

from collections.abc import Iterator

from arena.kinds.kind import Kind
from arena.kinds.sweeps import trial_job
from arena.kinds.sweeps.spec import SweepSpec
from arena.search import algorithms, katib
from arena.search.assignments import SearchError


def beyond_katib(spec: SweepSpec, kind: Kind) -> str:
    """What Katib cannot do of a sweep, as the end of a sentence; "" if it can do all."""
    return next(_reasons(spec, kind), "")


def _reasons(spec: SweepSpec, kind: Kind) -> Iterator[str]:
    one = algorithms.algorithm(spec.algorithm)
    if not one.katib:
        yield f"Katib has no algorithm {one.name}"
    for name in spec.algorithm_setting:
        if name in one.settings and one.settings[name].by == "search":
            yield f"Katib's {one.name} has no setting {name}"
    if spec.constraint:
        yield "Katib knows no constraints"
    for parameter in spec.parameters:
        if parameter.condition:
            yield f"Katib knows no conditions, such as that of {parameter.name}"
    if spec.early_stop not in ("", "median"):
        yield f"Katib has no early stopping {spec.early_stop}"
    yield from _budgets(spec)
    if kind.name in trial_job.UNKNOWN:
        yield f"Katib cannot run jobs of the kind {kind.name}"
    try:
        katib.parameters_of(spec.space)
    except SearchError as error:
        yield str(error)


def _budgets(spec: SweepSpec) -> Iterator[str]:
    if spec.timeout:
        yield "Katib knows no time limit of a sweep"
    if spec.max_gpu_hours:
        yield "Katib counts no GPU hours"
    if spec.imports:
        yield "Katib knows only trials that it has run itself"
