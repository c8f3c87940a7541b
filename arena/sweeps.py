"""Sweeps from Python: `arena.sweeps.submit(session, job, search)` and the like.

::

    import arena

    session = arena.connect()
    job = arena.JobSpec(name="digits", command="python train.py --lr {lr}")
    search = arena.SweepSpec(param={"lr": "log:1e-5..1e-1"}, metric=["accuracy:max"], max_trials=20)
    arena.sweeps.submit(session, job, search)
    best = arena.sweeps.wait(session, "digits").best()
    print(best.assignments, best.metrics)
"""

from __future__ import annotations

from arena.public_names import imported

TYPE_CHECKING = False  # as in `arena`
if TYPE_CHECKING:
    from typing import Any

    from arena.actions.sweeps.add import add
    from arena.actions.sweeps.best import best, command, manifest, spec, with_files
    from arena.actions.sweeps.change import extend, pause, resume, stop
    from arena.actions.sweeps.compare import compare
    from arena.actions.sweeps.delete import delete
    from arena.actions.sweeps.export import export, rows
    from arena.actions.sweeps.find import sweep, sweeps
    from arena.actions.sweeps.importance import importances
    from arena.actions.sweeps.imports import import_jobs
    from arena.actions.sweeps.jobs import logs
    from arena.actions.sweeps.study import study
    from arena.actions.sweeps.submit import preview, submit
    from arena.actions.sweeps.wait import wait
    from arena.actions.sweeps.why import why
    from arena.model.sweeps import Contender, Counts, Goal, Point, Sweep, Trial, Why

_HOMES = {
    "actions.sweeps.add": "add",
    "actions.sweeps.best": "best command manifest spec with_files",
    "actions.sweeps.change": "extend pause resume stop",
    "actions.sweeps.compare": "compare",
    "actions.sweeps.delete": "delete",
    "actions.sweeps.export": "export rows",
    "actions.sweeps.find": "sweep sweeps",
    "actions.sweeps.importance": "importances",
    "actions.sweeps.imports": "import_jobs",
    "actions.sweeps.jobs": "logs",
    "actions.sweeps.study": "study",
    "actions.sweeps.submit": "preview submit",
    "actions.sweeps.wait": "wait",
    "actions.sweeps.why": "why",
    "model.sweeps": "Contender Counts Goal Point Sweep Trial Why",
}
"""Module -> the public names that it defines."""

__all__ = [
    "Contender",
    "Counts",
    "Goal",
    "Point",
    "Sweep",
    "Trial",
    "Why",
    "add",
    "best",
    "command",
    "compare",
    "delete",
    "export",
    "extend",
    "import_jobs",
    "importances",
    "logs",
    "manifest",
    "pause",
    "preview",
    "resume",
    "rows",
    "spec",
    "stop",
    "study",
    "submit",
    "sweep",
    "sweeps",
    "wait",
    "why",
    "with_files",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    return imported(__name__, _HOMES, name)
