"""The job of a trial of a sweep, to submit it for real: as a command line, and as a manifest."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.actions.jobs import records
from arena.actions.submit import settle
from arena.actions.sweeps import config_files, find
from arena.actions.sweeps.foreground import find as foreground
from arena.errors import NotFound, SpecError
from arena.kinds.kind import Kind
from arena.kinds.option_values import ConfigFile
from arena.kinds.spec import parse
from arena.kinds.sweeps import holes, metrics_file
from arena.kinds.sweeps.experiment import NAME_LIMIT
from arena.kinds.workload.spec import WorkloadSpec
from arena.model.sweeps import Trial
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from arena.session import Session

Object = dict[str, Any]
_OF_PODS = ("controller-uid", "job-name")
_BY_CLUSTER = (*_OF_PODS, *(f"batch.kubernetes.io/{one}" for one in _OF_PODS))
"""Labels that a cluster adds to the pods of a Job, and refuses on those of another."""
_OWN = (labels.SWEEP_SEARCH, labels.SWEEP_END, labels.TRIAL, labels.TRIAL_RESULT, labels.SUBMISSION)


class Best(NamedTuple):
    """A trial of a sweep and the job that does the same."""

    trial: Trial
    job: Object
    """Its object under a name of its own; {} if the sweep does not contain its template."""
    kind: Kind | None
    """The kind of the job; None if arena does not know it."""
    files: Mapping[str, bytes] = {}
    """The config files with values of its own, by the paths that its options name."""


def best(session: Session, name: str, trial: str = "best", *, new: str = "") -> Best:
    """Return the best trial of a sweep, and the job that does the same.

    Args:
        trial: another trial, by its number, its name or the end of it.
        new: the name of the job; `<sweep>-best` by default.

    Raises:
        NotFound: there is no such sweep or trial, or no trial has a value of the metric yet.
    """
    cluster = session.cluster()
    obj, there = find.found(cluster, name, session.namespace)
    one = foreground.assembled(there) if there else find.read(cluster, obj)
    found = find.trial(one, trial)
    called = new or _name(name, trial, found)
    kind = find.kind_of_trial(found) if found.kind else None
    if not there:
        return Best(found, _own(holes.trial_job(obj, found.assignments, called)), kind)
    (job,) = (each.obj for each in there if each.job.name == found.job)
    made = Best(found, _own(_plain(job, called)), kind)
    if kind is None or labels.SPEC not in (job["metadata"].get("annotations") or {}):
        return made
    files = config_files.of_trial(cluster, job, parse(kind.spec, records.options(job)).config_file)
    return made._replace(files=files.filled)


def _name(name: str, word: str, trial: Trial) -> str:
    end = "-best" if word in ("", "best") else f"-trial-{trial.number}"
    return name[: NAME_LIMIT - len(end)].rstrip("-") + end


def _plain(obj: Object, name: str) -> dict[str, Any]:
    """The job of a trial under another name, without what the cluster and the sweep have added."""
    meta = obj["metadata"]
    marks = {key: value for key, value in (meta.get("labels") or {}).items() if key != labels.SWEEP_ENGINE}
    notes = {key: value for key, value in (meta.get("annotations") or {}).items() if key not in _OWN}
    kept = {key: metrics_file.plain(value) for key, value in obj.items() if key not in ("metadata", "status")}
    if (obj.get("apiVersion"), obj.get("kind")) == ("batch/v1", "Job"):
        kept["spec"] = _without_selector(kept["spec"])
    return {**kept, "metadata": {"name": name, "labels": marks, "annotations": notes}}


def _without_selector(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The spec of a Job without what ties it to its own pods."""
    template = spec["template"]
    meta = template.get("metadata") or {}
    marks = {key: value for key, value in (meta.get("labels") or {}).items() if key not in _BY_CLUSTER}
    kept = {key: value for key, value in spec.items() if key not in ("selector", "manualSelector")}
    return {**kept, "template": {**template, "metadata": {**meta, "labels": marks}}}


def _own(job: Object) -> Object:
    """The job without what marks it as one of the sweep, and with its own name in labels and options."""
    if not job:
        return job
    meta, name = job["metadata"], job["metadata"]["name"]
    marks = {key: value for key, value in (meta.get("labels") or {}).items() if key != labels.SWEEP}
    marks |= {key: name for key in (labels.NAME, labels.RELEASE) if key in marks}
    notes = dict(meta.get("annotations") or {})
    if labels.SPEC in notes:
        notes[labels.SPEC] = json.dumps({**records.options(job), "name": name}, ensure_ascii=False)
    return {**job, "metadata": {**meta, "labels": marks, "annotations": notes}}


def spec(found: Best) -> WorkloadSpec:
    """The Spec of the job, which `arena.submit` takes.

    Raises:
        NotFound: another tool submitted the sweep, so the options of its job are not recorded.
        SpecError: it has config files of its own, which `with_files` saves.
    """
    kind = _recorded(found)
    _check_files(found)
    made: WorkloadSpec = parse(kind.spec, records.options(found.job))
    return made


def command(session: Session, found: Best) -> str:
    """The command line that submits the job; raises as `spec`."""
    kind = _recorded(found)
    _check_files(found)
    return records.command(kind, found.job, settle.configured(session, kind))


def with_files(found: Best, folder: str) -> Best:
    """Save the config files that have values of the trial, and return the job that takes them from there.

    Args:
        folder: it is made if it does not exist.

    Raises:
        Conflict: another file is in the place of one.
        SpecError: one cannot be saved.
    """
    if not found.files:
        return found
    options = records.options(found.job)
    places = config_files.save(found.files, folder)
    given: Sequence[ConfigFile] = parse(_recorded(found).spec, options).config_file
    files = [str(one._replace(source=places.get(one.source, one.source))) for one in given]
    meta = found.job["metadata"]
    text = json.dumps({**options, "config-file": files}, ensure_ascii=False)
    job = {**found.job, "metadata": {**meta, "annotations": {**meta["annotations"], labels.SPEC: text}}}
    return found._replace(job=job, files={})


def _check_files(found: Best) -> None:
    if found.files:
        names = ", ".join(map(posixpath.basename, found.files))
        raise SpecError(
            f"{names} has values of the trial, and no file here has them",
            "add --files DIR, which saves it there",
        )


def _recorded(found: Best) -> Kind:
    notes = found.job.get("metadata", {}).get("annotations") or {}
    if found.kind is None or labels.SPEC not in notes:
        raise NotFound(
            f'the sweep of trial "{found.trial.name}" was not submitted by arena, '
            "so the command of its jobs is not recorded",
            "use -o yaml",
        )
    return found.kind


def manifest(found: Best) -> Object:
    """The object of the job.

    Raises:
        SpecError: the sweep has its template in a ConfigMap, which arena does not read.
    """
    if not found.job:
        raise SpecError(
            f'the template of trial "{found.trial.name}" is in a ConfigMap', "read it with kubectl"
        )
    return found.job
