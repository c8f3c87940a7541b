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
    from arena.inventory import Node, User
    from arena.kinds.cron import CronSpec
    from arena.kinds.evaluation import EvaluationSpec
    from arena.kinds.parts import ConfigFile, Mount, Toleration
    from arena.kinds.training.deepspeedjob import DeepSpeedJobSpec
    from arena.kinds.training.etjob import ETJobSpec
    from arena.kinds.training.horovodjob import HorovodJobSpec
    from arena.kinds.training.jaxjob import JAXJobSpec
    from arena.kinds.training.job import JobSpec
    from arena.kinds.training.jobset import JobSetSpec
    from arena.kinds.training.mpijob import MPIJobSpec
    from arena.kinds.training.paddlejob import PaddleJobSpec
    from arena.kinds.training.pytorchjob import PyTorchJobSpec
    from arena.kinds.training.rayjob import RayJobSpec
    from arena.kinds.training.sparkjob import SparkJobSpec
    from arena.kinds.training.tfjob import TFJobSpec
    from arena.kinds.training.trainjob import TrainJobSpec
    from arena.kinds.training.volcanojob import VolcanoJobSpec
    from arena.kinds.training.xgboostjob import XGBoostJobSpec
    from arena.model import (
        Container,
        Cron,
        Difference,
        Evaluation,
        Event,
        Instance,
        Job,
        LogLine,
        Model,
        Phase,
        Queue,
        Run,
        Usage,
    )
    from arena.sdk.clusters import evaluations, nodes, whoami
    from arena.sdk.crons import cron, crons, delete_cron, resume_cron, schedule, suspend_cron
    from arena.sdk.jobs import (
        adopt,
        delete,
        diff,
        events,
        follow,
        job,
        jobs,
        logs,
        prune,
        release,
        restore,
        resume,
        scale,
        suspend,
        wait,
    )
    from arena.sdk.submits import preview, recorded, rerun, submit
    from arena.session import Session, connect

_ROOMS = {
    "errors": "ArenaError Conflict JobFailed MissingOperator NotAllowed NotFound SpecError TemplateError "
    "TimedOut Unreachable",
    "session": "Session connect",
    "model": "Container Cron Difference Evaluation Event Instance Job LogLine Model Phase Queue Run Usage",
    "inventory": "Node User",
    "kinds.cron": "CronSpec",
    "kinds.evaluation": "EvaluationSpec",
    "kinds.parts": "ConfigFile Mount Toleration",
    "sdk.jobs": "adopt delete diff events follow job jobs logs prune release restore resume scale suspend "
    "wait",
    "sdk.submits": "preview recorded rerun submit",
    "sdk.crons": "cron crons delete_cron resume_cron schedule suspend_cron",
    "sdk.clusters": "evaluations nodes whoami",
}
"""Where the public names are at home; the Specs of kinds are in the modules named like them."""

__all__ = [
    "ArenaError",
    "ConfigFile",
    "Conflict",
    "Container",
    "Cron",
    "CronSpec",
    "DeepSpeedJobSpec",
    "Difference",
    "ETJobSpec",
    "Evaluation",
    "EvaluationSpec",
    "Event",
    "HorovodJobSpec",
    "Instance",
    "JAXJobSpec",
    "Job",
    "JobFailed",
    "JobSetSpec",
    "JobSpec",
    "LogLine",
    "MPIJobSpec",
    "MissingOperator",
    "Model",
    "Mount",
    "Node",
    "NotAllowed",
    "NotFound",
    "PaddleJobSpec",
    "Phase",
    "PyTorchJobSpec",
    "Queue",
    "RayJobSpec",
    "Run",
    "Session",
    "SparkJobSpec",
    "SpecError",
    "TFJobSpec",
    "TemplateError",
    "TimedOut",
    "Toleration",
    "TrainJobSpec",
    "Unreachable",
    "Usage",
    "User",
    "VolcanoJobSpec",
    "XGBoostJobSpec",
    "__version__",
    "adopt",
    "connect",
    "cron",
    "crons",
    "delete",
    "delete_cron",
    "diff",
    "evaluations",
    "events",
    "follow",
    "job",
    "jobs",
    "logs",
    "nodes",
    "preview",
    "prune",
    "recorded",
    "release",
    "rerun",
    "restore",
    "resume",
    "resume_cron",
    "scale",
    "schedule",
    "submit",
    "suspend",
    "suspend_cron",
    "wait",
    "whoami",
]


def __getattr__(name: str) -> Any:
    """Find a public name when it is first used, so that `import arena` costs nothing.

    The Specs of kinds that other packages bring are here, too.
    """
    found = _ours(name) if name in __all__ else _foreign(name)
    if found is None:
        raise AttributeError(f"module 'arena' has no attribute {name!r}")
    return found


def _ours(name: str) -> Any:
    from importlib import import_module

    kind = name.removesuffix("Spec").lower()
    room = next((room for room, names in _ROOMS.items() if name in names.split()), f"kinds.training.{kind}")
    return getattr(import_module(f"arena.{room}"), name)


def _foreign(name: str) -> Any:
    if not name.endswith("Spec"):
        return None
    from arena.kinds import training_kinds

    return next((kind.spec for kind in training_kinds() if kind.spec.__name__ == name), None)
