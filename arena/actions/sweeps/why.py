"""Why a sweep or one of its trials waits or fails."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from arena.actions.diagnosis import events, explain
from arena.actions.sweeps import find, jobs
from arena.actions.sweeps.foreground import find as trials
from arena.errors import ArenaError, NotFound
from arena.kinds.sweeps import reading
from arena.kinds.sweeps.experiment import SUGGESTIONS
from arena.model.findings import Evidence, Finding
from arena.model.jobs import Phase
from arena.model.sweeps import Sweep, Trial, Why

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]
MOST = 5
"""Number of failed trials that are explained, the latest ones."""
_LINES = 5
"""Last lines of a log that are shown for a trial without a metric."""


def why(session: Session, name: str, trial: str = "") -> list[Why]:
    """Return why a sweep is in its state, why its latest failed trials failed, and why others wait.

    Args:
        trial: the number or name of a trial, to be told about that alone.

    Raises:
        NotFound: there is no such sweep or trial.
    """
    obj, one = read(session, name)
    if trial:
        return [_of_trial(session, obj, one, find.trial(one, trial))]
    return told(session, obj, one)


def read(session: Session, name: str) -> tuple[Object, Sweep]:
    """The object of a sweep, {} if Katib does not run it, and the sweep with its trials; raises as `why`."""
    cluster = session.cluster()
    obj, there = find.found(cluster, name, session.namespace)
    return obj, trials.assembled(there) if there else find.read(cluster, obj)


def told(session: Session, obj: Object, one: Sweep) -> list[Why]:
    """What `why` returns of a sweep that has been read: the sweep first, then its trials."""
    failed = [each for each in one.trials if each.phase is Phase.FAILED and not each.stopped]
    active = [each for each in one.trials if not each.phase.is_final]
    findings = tuple(_of_sweep(session.cluster(), obj, one, len(failed)))
    waiting = [_of_trial(session, obj, one, each) for each in active[-MOST:]]
    explained = [_of_trial(session, obj, one, each) for each in failed[-MOST:]]
    own = Why(f"sweep {one.name}", one.phase.value, findings)
    return [own, *explained, *(each for each in waiting if each.findings)]


def _of_sweep(cluster: Cluster, obj: Object, one: Sweep, failed: int) -> Iterator[Finding]:
    if failed:
        most = f"; it fails with {one.max_failed}" if one.max_failed and not one.phase.is_final else ""
        yield Finding("sweep.failed-trials", f"{failed} of {len(one.trials)} trials have failed{most}")
    if one.reason:
        yield Finding("sweep.ended", one.reason)
    if one.phase.is_final or one.trials:
        return
    found: list[Finding] = []
    with suppress(ArenaError):
        found += _of_suggestion(cluster, obj)
    with suppress(ArenaError):
        found += _of_events(cluster, one)
    yield from found or [
        Finding("sweep.no-trials", "no trial has started yet", remedy="the algorithm may still be starting")
    ]


def _of_suggestion(cluster: Cluster, obj: Object) -> Iterator[Finding]:
    """What keeps the algorithm from suggesting values."""
    try:
        found = cluster.get(SUGGESTIONS, obj["metadata"]["namespace"], obj["metadata"]["name"])
    except NotFound:
        return
    for one in (found.get("status") or {}).get("conditions") or ():
        has_failed = one.get("type") == "Failed" and one.get("status") == "True"
        if has_failed or (one.get("type") == "DeploymentReady" and one.get("status") != "True"):
            text = str(one.get("message") or one.get("reason") or "it is not ready")
            subject = f"suggestion/{obj['metadata']['name']}"
            yield Finding("sweep.no-suggestion", f"the algorithm suggests no values: {text}",
                          (Evidence("status", subject, text),))  # fmt: skip


def _of_events(cluster: Cluster, one: Sweep) -> Iterator[Finding]:
    for event in events.of(cluster, one.namespace, one.uid)[-MOST:]:
        if event.type == "Warning":
            subject = f"experiment/{one.name}"
            yield Finding("sweep.event", event.message, (Evidence("event", subject, event.message),))


def _of_trial(session: Session, obj: Object, one: Sweep, trial: Trial) -> Why:
    findings = list(_own(obj, one, trial))
    with suppress(NotFound):
        job = jobs.job(session, trial)
        if trial.phase is not Phase.SUCCEEDED or job.phase is not Phase.SUCCEEDED:
            findings += explain.job(session.cluster(), job).findings
        if any(each.id == "sweep.no-metric" for each in findings):
            shown = _last_lines(session, trial)
            findings[0] = findings[0]._replace(evidence=(*findings[0].evidence, *shown))
    told = tuple(findings) or ((Finding("sweep.trial-failed", trial.reason),) if trial.reason else ())
    return Why(f"trial {trial.number} ({trial.name})", trial.status, told)


def _own(obj: Object, one: Sweep, trial: Trial) -> Iterator[Finding]:
    """What is wrong with the metrics of a trial."""
    metric = one.objectives[0].metric
    value = trial.metrics.get(metric)
    seen = [each.value for each in trial.points if each.metric == metric]
    odd = [each for each in (*seen, *([value] if value is not None else [])) if not math.isfinite(each)]
    if odd:
        yield Finding(
            "sweep.not-finite",
            f"its {metric} is {odd[0]}",
            remedy="the training diverged: narrow the parameters, such as the learning rate",
        )
    elif value is None and trial.phase.is_final and not trial.stopped and not _has_failed(obj, trial):
        missing = f"it reported no value of {metric}"
        yield Finding("sweep.no-metric", missing, remedy=_how_to_report(obj, metric))


def _has_failed(obj: Object, trial: Trial) -> bool:
    """Whether the program of a trial failed, which explains a missing metric."""
    return trial.phase is Phase.FAILED and not trial.reason.startswith("it reported no value")


def _how_to_report(obj: Object, metric: str) -> str:
    collector = (obj.get("spec") or {}).get("metricsCollectorSpec") or {}
    kind = reading.SOURCES.get(str((collector.get("collector") or {}).get("kind") or "StdOut"), "")
    path = ((collector.get("source") or {}).get("fileSystemPath") or {}).get("path") or ""
    if kind == "file":
        return f"let it write lines such as {metric}=0.93 to {path}, and flush the file"
    if kind == "tensorboard":
        return f"let it write the scalar {metric} to event files in {path or 'the folder of Katib'}"
    return (
        f"let it print lines such as {metric}=0.93; if it does, they may wait in a buffer: "
        "run python -u, or print with flush=True"
    )


def _last_lines(session: Session, trial: Trial) -> Sequence[Evidence]:
    from arena.actions.jobs.logs import snapshot
    from arena.actions.jobs.logs.lines import Options, lines

    with suppress(ArenaError):
        job = jobs.job(session, trial)
        options = Options(container=jobs.container(job), tail=_LINES)
        found = list(lines(snapshot.read(session.cluster(), job, options)))[-_LINES:]
        return [Evidence("log", f"pod/{each.instance}", each.text) for each in found]
    return ()
