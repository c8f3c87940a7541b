"""arena: distributed training on Kubernetes, or on this machine, with one command or from Python.

::

    import arena

    session = arena.connect()
    spec = arena.PyTorchJobSpec(name="digits", workers=2, command="python train.py")
    arena.submit(session, spec)
    for line in arena.follow(session, "digits"):
        print(line.instance, line.text)
    arena.wait(session, "digits")
"""

from typing import TYPE_CHECKING, Any

from arena._version import VERSION as __version__

if TYPE_CHECKING:
    from arena.errors import (
        ArenaError,
        Conflict,
        JobFailed,
        MissingOperator,
        NotAllowed,
        NotFound,
        SpecError,
        TemplateError,
        TimedOut,
        Unreachable,
    )
    from arena.kinds.training.horovodjob import HorovodJobSpec
    from arena.kinds.training.mpijob import MPIJobSpec
    from arena.kinds.training.pytorchjob import PyTorchJobSpec
    from arena.kinds.training.tfjob import TFJobSpec
    from arena.model import Container, Difference, Event, Instance, Job, LogLine, Node, Phase, Queue, Usage
    from arena.sdk import (
        delete,
        diff,
        events,
        follow,
        job,
        jobs,
        logs,
        preview,
        recorded,
        resume,
        scale,
        submit,
        suspend,
        wait,
    )
    from arena.session import Session, connect

_HOMES = {
    "arena.errors": (
        "ArenaError",
        "Conflict",
        "JobFailed",
        "MissingOperator",
        "NotAllowed",
        "NotFound",
        "SpecError",
        "TemplateError",
        "TimedOut",
        "Unreachable",
    ),
    "arena.kinds.training.horovodjob": ("HorovodJobSpec",),
    "arena.kinds.training.mpijob": ("MPIJobSpec",),
    "arena.kinds.training.pytorchjob": ("PyTorchJobSpec",),
    "arena.kinds.training.tfjob": ("TFJobSpec",),
    "arena.model": (
        "Container",
        "Difference",
        "Event",
        "Instance",
        "Job",
        "LogLine",
        "Node",
        "Phase",
        "Queue",
        "Usage",
    ),
    "arena.sdk": (
        "delete",
        "diff",
        "events",
        "follow",
        "job",
        "jobs",
        "logs",
        "preview",
        "recorded",
        "resume",
        "scale",
        "submit",
        "suspend",
        "wait",
    ),
    "arena.session": ("Session", "connect"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "ArenaError",
    "Conflict",
    "Container",
    "Difference",
    "Event",
    "HorovodJobSpec",
    "Instance",
    "Job",
    "JobFailed",
    "LogLine",
    "MPIJobSpec",
    "MissingOperator",
    "Node",
    "NotAllowed",
    "NotFound",
    "Phase",
    "PyTorchJobSpec",
    "Queue",
    "Session",
    "SpecError",
    "TFJobSpec",
    "TemplateError",
    "TimedOut",
    "Unreachable",
    "Usage",
    "__version__",
    "connect",
    "delete",
    "diff",
    "events",
    "follow",
    "job",
    "jobs",
    "logs",
    "preview",
    "recorded",
    "resume",
    "scale",
    "submit",
    "suspend",
    "wait",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import arena` costs nothing."""
    if name not in _HOME:
        raise AttributeError(f"module 'arena' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
