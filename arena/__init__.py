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

from __future__ import annotations

from arena._version import VERSION as __version__

TYPE_CHECKING = False  # as in `typing`, which a command imports only after `__main__` has begun
if TYPE_CHECKING:
    from typing import Any

    from arena import serving as serving
    from arena import sweeps as sweeps
    from arena.actions.abilities import abilities
    from arena.actions.diagnosis.events import events
    from arena.actions.diagnosis.why import why, why_folder
    from arena.actions.doctor.examine import examine
    from arena.actions.fit.fit import fit
    from arena.actions.identity import whoami
    from arena.actions.jobs.adopt import adopt, release
    from arena.actions.jobs.code import restore
    from arena.actions.jobs.crons import cron, crons, delete_cron, resume_cron, suspend_cron
    from arena.actions.jobs.delete import delete
    from arena.actions.jobs.diff import diff
    from arena.actions.jobs.evaluations import evaluations
    from arena.actions.jobs.find import job
    from arena.actions.jobs.listing import jobs
    from arena.actions.jobs.logs.entries import follow, logs
    from arena.actions.jobs.metrics import metrics
    from arena.actions.jobs.prune import prune
    from arena.actions.jobs.rerun import recorded, rerun
    from arena.actions.jobs.scale import scale
    from arena.actions.jobs.suspend import resume, suspend
    from arena.actions.jobs.timeline import timeline
    from arena.actions.jobs.wait import wait
    from arena.actions.nodes import nodes
    from arena.actions.submit.schedule import schedule
    from arena.actions.submit.submit import preview, submit
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
    from arena.kinds.cron import CronSpec
    from arena.kinds.evaluation.evaluatejob import EvaluationSpec
    from arena.kinds.option_values import ConfigFile, Mount, Toleration
    from arena.kinds.serving.specs.custom import CustomServingSpec
    from arena.kinds.serving.specs.distributed import DistributedServingSpec
    from arena.kinds.serving.specs.kserve import KServeServingSpec
    from arena.kinds.serving.specs.seldon import SeldonServingSpec
    from arena.kinds.serving.specs.tensorflow import TensorFlowServingSpec
    from arena.kinds.serving.specs.tensorrt import TensorRTServingSpec
    from arena.kinds.serving.specs.torchserve import TorchServeServingSpec
    from arena.kinds.serving.specs.triton import TritonServingSpec
    from arena.kinds.serving.specs.vllm import VLLMServingSpec
    from arena.kinds.sweeps.spec import SweepSpec
    from arena.kinds.training.specs.deepspeedjob import DeepSpeedJobSpec
    from arena.kinds.training.specs.etjob import ETJobSpec
    from arena.kinds.training.specs.horovodjob import HorovodJobSpec
    from arena.kinds.training.specs.jaxjob import JAXJobSpec
    from arena.kinds.training.specs.job import JobSpec
    from arena.kinds.training.specs.jobset import JobSetSpec
    from arena.kinds.training.specs.mpijob import MPIJobSpec
    from arena.kinds.training.specs.paddlejob import PaddleJobSpec
    from arena.kinds.training.specs.pytorchjob import PyTorchJobSpec
    from arena.kinds.training.specs.rayjob import RayJobSpec
    from arena.kinds.training.specs.sparkjob import SparkJobSpec
    from arena.kinds.training.specs.tfjob import TFJobSpec
    from arena.kinds.training.specs.trainjob import TrainJobSpec
    from arena.kinds.training.specs.volcanojob import VolcanoJobSpec
    from arena.kinds.training.specs.xgboostjob import XGBoostJobSpec
    from arena.model.checks import Check
    from arena.model.crons import Cron, Run
    from arena.model.differences import Difference
    from arena.model.evaluations import Evaluation
    from arena.model.events import Event
    from arena.model.findings import Diagnosis, Evidence, Finding
    from arena.model.fits import Fit, Forecast, RoleFit
    from arena.model.instances import Container, Instance
    from arena.model.jobs import Job, Model, Phase, Queue, Usage
    from arena.model.logs import LogLine
    from arena.model.nodes import Node
    from arena.model.permissions import Ability, Lack, Right
    from arena.model.users import User
    from arena.session import Session, connect

_HOMES = {
    "actions.abilities": "abilities",
    "actions.diagnosis.events": "events",
    "actions.doctor.examine": "examine",
    "actions.fit.fit": "fit",
    "actions.diagnosis.why": "why why_folder",
    "actions.identity": "whoami",
    "actions.jobs.adopt": "adopt release",
    "actions.jobs.suspend": "resume suspend",
    "actions.jobs.timeline": "timeline",
    "actions.jobs.scale": "scale",
    "actions.jobs.code": "restore",
    "actions.jobs.crons": "cron crons delete_cron resume_cron suspend_cron",
    "actions.jobs.delete": "delete",
    "actions.jobs.diff": "diff",
    "actions.jobs.evaluations": "evaluations",
    "actions.jobs.find": "job",
    "actions.jobs.listing": "jobs",
    "actions.jobs.logs.entries": "follow logs",
    "actions.jobs.metrics": "metrics",
    "actions.jobs.prune": "prune",
    "actions.jobs.rerun": "recorded rerun",
    "actions.jobs.wait": "wait",
    "actions.nodes": "nodes",
    "actions.submit.schedule": "schedule",
    "actions.submit.submit": "preview submit",
    "errors": "ArenaError Conflict JobFailed MissingOperator NotAllowed NotFound SpecError "
    "TemplateError TimedOut Unreachable",
    "kinds.cron": "CronSpec",
    "kinds.evaluation.evaluatejob": "EvaluationSpec",
    "kinds.option_values": "ConfigFile Mount Toleration",
    "kinds.serving.specs.custom": "CustomServingSpec",
    "kinds.serving.specs.distributed": "DistributedServingSpec",
    "kinds.serving.specs.kserve": "KServeServingSpec",
    "kinds.serving.specs.seldon": "SeldonServingSpec",
    "kinds.serving.specs.tensorflow": "TensorFlowServingSpec",
    "kinds.serving.specs.tensorrt": "TensorRTServingSpec",
    "kinds.serving.specs.torchserve": "TorchServeServingSpec",
    "kinds.serving.specs.triton": "TritonServingSpec",
    "kinds.serving.specs.vllm": "VLLMServingSpec",
    "kinds.sweeps.spec": "SweepSpec",
    "model.checks": "Check",
    "model.crons": "Cron Run",
    "model.differences": "Difference",
    "model.evaluations": "Evaluation",
    "model.events": "Event",
    "model.findings": "Diagnosis Evidence Finding",
    "model.fits": "Fit Forecast RoleFit",
    "model.instances": "Container Instance",
    "model.jobs": "Job Model Phase Queue Usage",
    "model.logs": "LogLine",
    "model.nodes": "Node",
    "model.permissions": "Ability Lack Right",
    "model.users": "User",
    "session": "Session connect",
}
"""Module -> the public names that it defines; the Specs of training kinds are in modules named like them."""

_NAMESPACES = ("serving", "sweeps")
"""Modules with the public names of other families."""

# fmt: off
__all__ = [
    "Ability", "ArenaError", "Check", "ConfigFile", "Conflict", "Container", "Cron", "CronSpec",
    "CustomServingSpec", "DeepSpeedJobSpec", "Diagnosis", "Difference", "DistributedServingSpec",
    "ETJobSpec", "Evaluation", "EvaluationSpec", "Event", "Evidence", "Finding", "Fit", "Forecast",
    "HorovodJobSpec", "Instance", "JAXJobSpec", "Job", "JobFailed", "JobSetSpec", "JobSpec",
    "KServeServingSpec", "Lack", "LogLine", "MPIJobSpec", "MissingOperator", "Model", "Mount", "Node",
    "NotAllowed", "NotFound", "PaddleJobSpec", "Phase", "PyTorchJobSpec", "Queue", "RayJobSpec", "Right",
    "RoleFit", "Run", "SeldonServingSpec", "Session", "SparkJobSpec", "SpecError", "SweepSpec", "TFJobSpec",
    "TemplateError", "TensorFlowServingSpec", "TensorRTServingSpec", "TimedOut", "Toleration",
    "TorchServeServingSpec", "TrainJobSpec", "TritonServingSpec", "Unreachable", "Usage", "User",
    "VLLMServingSpec", "VolcanoJobSpec", "XGBoostJobSpec", "__version__", "abilities", "adopt", "connect",
    "cron", "crons", "delete", "delete_cron", "diff", "evaluations", "events", "examine", "fit", "follow",
    "job", "jobs", "logs", "metrics", "nodes", "preview", "prune", "recorded", "release", "rerun", "restore",
    "resume", "resume_cron", "scale", "schedule", "submit", "suspend", "suspend_cron", "timeline", "wait",
    "whoami", "why", "why_folder",
]
# fmt: on


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import arena` costs nothing.

    The Specs of kinds that are not named above are found here, too, and so is a module of `arena.actions`
    with the name of a family.
    """
    found = _ours(name) if name in __all__ else _foreign(name)
    if found is None:
        raise AttributeError(f"module 'arena' has no attribute {name!r}")
    globals()[name] = found
    return found


def _ours(name: str) -> Any:
    from importlib import import_module

    homes = (home for home, names in _HOMES.items() if name in names.split())
    home = next(homes, f"kinds.training.specs.{name.removesuffix('Spec').lower()}")
    return getattr(import_module(f"arena.{home}"), name)


def _foreign(name: str) -> Any:
    """The Spec of a kind, or the actions of a family, that is not named above."""
    from importlib import import_module
    from os.path import exists

    if name in _NAMESPACES:
        return import_module(f"arena.{name}")
    if name.endswith("Spec"):
        every = import_module("arena.kinds").all_kinds()
        return next((kind.spec for kind in every if kind.spec.__name__ == name), None)
    # Imports of arena's own modules call this first, and must not load the families.
    if not exists(f"{__path__[0]}/actions/{name}.py"):
        return None
    families = import_module("arena.kinds").families()
    return import_module(f"arena.actions.{name}") if name in {one.name for one in families} else None
