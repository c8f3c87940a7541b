"""Stop, pause, resume and extend sweeps.

Katib has no verb for any but the last, and refuses a number of trials that has been reached. So arena marks
an Experiment as ended in its status, with a reason of its own; Katib starts no trials of ended Experiments,
and goes on when the mark is removed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from arena.actions.submit import creation
from arena.actions.submit.submit import Tell
from arena.actions.submit.submit import ignore as ignore_remark
from arena.actions.sweeps import find, jobs
from arena.actions.sweeps.foreground import change as foreground
from arena.actions.sweeps.foreground import find as trials
from arena.errors import Conflict, NotAllowed, NotFound, SpecError, aimed
from arena.kinds.sweeps import reading
from arena.kinds.sweeps.experiment import EXPERIMENTS, TRIALS
from arena.kinds.sweeps.reading import PAUSED, STOPPED
from arena.model.jobs import Phase
from arena.model.sweeps import Sweep, Trial
from arena.units import rfc3339

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.resources import Resource
    from arena.session import Session

Object = dict[str, Any]
Unchanged = Callable[[Sweep], None]
"""Called with a sweep that already is in the requested state, so that nothing was sent."""
BY_NUMBER = "ExperimentMaxTrialsReached"
"""The reason of an Experiment that ended by the number of its trials, after which it can go on."""
_TRIES = 5
"""How often a change is sent while Katib changes the status, too."""
_ACTIVE = ("Running", "Restarting")
_ENDED = ("Succeeded", "Failed", "Killed", "EarlyStopped", "MetricsUnavailable")


def ignore(one: Sweep) -> None:
    """Ignore a sweep that needed no change."""


def stop(session: Session, name: str, *, unchanged: Unchanged = ignore) -> Sweep:
    """End a sweep and its running trials; all trials and their results are kept.

    Args:
        unchanged: called with the sweep if it has already ended.

    Raises:
        NotFound: there is no such sweep.
        NotAllowed: this user may not change the status of Experiments and Trials.
    """
    cluster = session.cluster()
    obj, there = find.found(cluster, name, session.namespace)
    if there:
        return foreground.stop(session, there, unchanged)
    before = find.read(cluster, obj)
    if before.phase.is_final:
        unchanged(before)
        return before
    obj = _marked(cluster, obj, _end(session, STOPPED, "Experiment was stopped by its user"))
    for one in before.trials:
        if not one.phase.is_final:
            _kill(session, one)
    return find.read(cluster, obj)


def pause(session: Session, name: str, *, unchanged: Unchanged = ignore) -> Sweep:
    """Start no more trials of a sweep; running ones go on.

    Args:
        unchanged: called with the sweep if it is already paused.

    Raises:
        NotFound: there is no such sweep.
        Conflict: it has ended, or was not submitted as resumable.
        NotAllowed: this user may not change the status of Experiments.
    """
    cluster = session.cluster()
    obj, there = find.found(cluster, name, session.namespace)
    if there:
        return foreground.pause(session, there, unchanged)
    if _reason(obj) == PAUSED:
        unchanged(before := find.read(cluster, obj))
        return before
    _check_goes_on(obj, session.namespace)
    if obj["spec"].get("resumePolicy") not in ("LongRunning", "FromVolume"):
        raise Conflict(
            f'sweep "{name}" cannot be paused: Katib could not resume it',
            f"submit sweeps with --resumable, or end it: arena sweep stop {aimed(name, session.namespace)}",
        )
    return find.read(cluster, _marked(cluster, obj, _end(session, PAUSED, "Experiment is paused")))


def resume(
    session: Session,
    name: str,
    *,
    unchanged: Unchanged = ignore,
    tell: Tell = ignore_remark,
) -> Sweep:
    """Start trials of a paused sweep again; without Katib, run it to its end in this process.

    Args:
        unchanged: called with the sweep if it is not paused.
        tell: called with each remark, such as on each trial of a sweep without Katib.

    Raises:
        NotFound: there is no such sweep.
        Conflict: it has ended.
        NotAllowed: this user may not change the status of Experiments.
    """
    cluster = session.cluster()
    obj, there = find.found(cluster, name, session.namespace)
    if there:
        from arena.actions.sweeps.foreground import start

        return start.resume(session, there, tell=tell)
    if _reason(obj) != PAUSED:
        _check_goes_on(obj, session.namespace)
        unchanged(before := find.read(cluster, obj))
        return before
    return find.read(cluster, _marked(cluster, obj, _unmark(session)))


def extend(session: Session, name: str, max_trials: int) -> Sweep:
    """Let a sweep run more trials.

    Args:
        max_trials: the number of all its trials, those that have ended included.

    Raises:
        NotFound: there is no such sweep.
        Conflict: it has ended otherwise than by the number of its trials, or was not submitted as resumable.
        SpecError: it has as many trials already.
    """
    cluster = session.cluster()
    obj, there = find.found(cluster, name, session.namespace)
    before = trials.assembled(there) if there else find.read(cluster, obj)
    if max_trials <= len(before.trials):
        raise SpecError(
            f'--max-trials {max_trials}: sweep "{name}" has {len(before.trials)} trials already',
            f"give more than {len(before.trials)}",
        )
    if there:
        return foreground.extend(session, there, max_trials)
    reason = _reason(obj)
    by_number = reason == BY_NUMBER
    if before.phase.is_final and not by_number:
        why = before.reason or "it has failed"
        raise Conflict(f'sweep "{name}" cannot be extended: {why}', "submit another one")
    if by_number and obj["spec"].get("resumePolicy") not in ("LongRunning", "FromVolume"):
        raise Conflict(
            f'sweep "{name}" has ended and was not submitted as resumable, so Katib cannot go on',
            "submit another one with --resumable",
        )
    if reason == PAUSED:
        raise Conflict(f'sweep "{name}" is paused', f"arena sweep resume {aimed(name, session.namespace)}")
    change = {"metadata": {"uid": obj["metadata"]["uid"]}, "spec": {"maxTrialCount": max_trials}}
    return find.read(cluster, cluster.patch(EXPERIMENTS, session.namespace, name, change))


def _reason(obj: Object) -> str:
    return str(reading.experiment_condition(obj).get("reason") or "")


def _check_goes_on(obj: Object, namespace: str) -> None:
    """Raise Conflict if a sweep has ended."""
    name = obj["metadata"]["name"]
    one = reading.sweep(obj, lambda job: "")
    if one.phase.is_final:
        how = one.reason or ("it failed" if one.phase is Phase.FAILED else "all trials have run")
        more = f"arena sweep extend {aimed(name, namespace)} --max-trials N runs more trials"
        hint = more if _reason(obj) == BY_NUMBER else "submit another one"
        raise Conflict(f'sweep "{name}" has ended: {how}', hint)


Change = Callable[[Sequence[Object]], dict[str, Any]]
"""Conditions -> the changed fields of the status."""


def _end(session: Session, reason: str, message: str) -> Change:
    now = rfc3339(session.now())

    def change(conditions: Sequence[Object]) -> dict[str, Any]:
        others = [one for one in conditions if one.get("type") != "Succeeded"]
        kept = [_false(one, now) if one.get("type") in _ACTIVE else one for one in others]
        return {"conditions": [*kept, _condition("Succeeded", reason, message, now)], "completionTime": now}

    return change


def _unmark(session: Session) -> Change:
    now = rfc3339(session.now())

    def change(conditions: Sequence[Object]) -> dict[str, Any]:
        kept = [one for one in conditions if one.get("type") not in ("Succeeded", "Running")]
        running = _condition("Running", "ExperimentRunning", "Experiment is running", now)
        return {"conditions": [*kept, running], "completionTime": None}

    return change


def _condition(kind: str, reason: str, message: str, now: str) -> Object:
    times = {"lastTransitionTime": now, "lastUpdateTime": now}
    return {"type": kind, "status": "True", "reason": reason, "message": message, **times}


def _false(one: Object, now: str) -> Object:
    return {**one, "status": "False", "lastTransitionTime": now, "lastUpdateTime": now}


def _marked(cluster: Cluster, obj: Object, change: Change) -> Object:
    """Change the status of an Experiment, also while Katib changes it."""
    return _changed(cluster, EXPERIMENTS, obj, change)


def _changed(cluster: Cluster, resource: Resource, obj: Object, change: Change) -> Object:
    where = resource, obj["metadata"]["namespace"], obj["metadata"]["name"]
    for left in reversed(range(_TRIES)):
        meta = {key: obj["metadata"][key] for key in ("uid", "resourceVersion")}
        status = change((obj.get("status") or {}).get("conditions") or ())
        try:
            return cluster.patch(*where, {"metadata": meta, "status": status}, subresource="status")
        except Conflict:
            now = cluster.get(*where)
            if not left or now["metadata"]["uid"] != obj["metadata"]["uid"]:
                raise
            obj = now
        except NotAllowed as error:
            error.hint = f"ask for the right to patch {resource.plural}.{resource.group}/status"
            raise
    raise AssertionError("the last try returns or raises")


def _kill(session: Session, trial: Trial) -> None:
    """Mark a trial as killed, so that its results stay, and delete its job."""
    cluster, now = session.cluster(), rfc3339(session.now())

    def change(conditions: Sequence[Object]) -> dict[str, Any]:
        if any(one.get("type") in _ENDED and one.get("status") == "True" for one in conditions):
            return {}
        kept = [_false(one, now) if one.get("type") == "Running" else one for one in conditions]
        killed = _condition("Killed", "TrialKilled", "Trial was stopped with its experiment", now)
        return {"conditions": [*kept, killed], "completionTime": now}

    with suppress(NotFound):
        obj = cluster.get(TRIALS, trial.namespace, trial.name)
        ended = _changed(cluster, TRIALS, obj, change)
        if reading.condition(ended, {"Killed": trial.phase}):
            resource, job = jobs.find(cluster, ended)
            creation.delete(cluster, resource, job["metadata"])
