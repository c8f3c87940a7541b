"""Suggestion: the sets of parameters that an Experiment asks for.

`spec.requests` is how many the Experiment wants in all, and `status.suggestionCount` how many it has got. The
status lists those of which no trial has been made so far: of the others, the trials tell. A process computes
them, which ends with the Experiment (`arena/local/programs/suggestions/`).
"""

import logging
import zlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from arena.local.definitions import Definition
from arena.local.machinery import conditions, writes
from arena.local.machinery.clock import now as present
from arena.local.machinery.clock import stamp
from arena.local.machinery.conditions import Condition
from arena.local.machinery.operator import Key, Operator, Related, of_kind
from arena.local.objects import Object, Objects, Refused, Resource, WatchEvent, key
from arena.local.operators.katib import statuses, structures, validation
from arena.local.operators.katib.kinds import (
    CREATED,
    EARLY_STOPPED,
    EXPERIMENT_LABEL,
    EXPERIMENTS,
    FAILED,
    RUNNING,
    SUCCEEDED,
    SUGGESTIONS,
    TRIALS,
)
from arena.local.operators.katib.trial_index import Summary, TrialIndex
from arena.local.programs.suggestions.control import Helper, Message, Question

log = logging.getLogger(__name__)

TRIES = 20
"""How often an answer is written that others' writes get in the way of."""


def operator() -> Operator:
    """The operator of Suggestions, with the processes that it has started."""
    pool = Pool()
    related: dict[Resource, Related] = {EXPERIMENTS: lambda _, one: [key(one)], TRIALS: _of_trial}
    inner = of_kind(SUGGESTIONS, pool.reconcile, related=related)

    def keys(objects: Objects, change: WatchEvent) -> Iterable[Key]:
        pool.trials.note(change)
        if change.type == "DELETED" and change.resource == SUGGESTIONS:
            pool.end(change.object["metadata"]["uid"])
        return inner.keys(objects, change)

    return replace(inner, keys=keys, forget=pool.trials.forget, close=pool.close)


def _of_trial(_: Objects, trial: Object) -> list[Key]:
    """A search may wait for the results of trials before it can suggest more."""
    name = (trial["metadata"].get("labels") or {}).get(EXPERIMENT_LABEL)
    return [(key(trial)[0], name)] if name and statuses.is_final(trial.get("status") or {}) else []


class Pool:
    """The processes of all Experiments that run, by the uid of the Suggestion."""

    def __init__(self) -> None:
        self.trials = TrialIndex()
        self._helpers: dict[str, Helper] = {}

    def close(self) -> None:
        """End all processes."""
        for uid in list(self._helpers):
            self.end(uid)

    def end(self, uid: str) -> None:
        """End the process of a Suggestion, if there is one."""
        helper = self._helpers.pop(uid, None)
        if helper is not None:
            helper.close()

    def reconcile(self, objects: Objects, obj: Object, now: datetime) -> None:
        """Have computed what a Suggestion lacks, or end its process."""
        status = dict(obj.get("status") or {})
        namespace, name = key(obj)
        experiment = objects.get(EXPERIMENTS, name, namespace)
        if experiment is None or statuses.is_final(experiment.get("status") or {}):
            self.end(obj["metadata"]["uid"])
            self.trials.drop((namespace, name))
            if experiment is not None and not conditions.is_known(status, FAILED):
                self._mark(status, SUCCEEDED, "SuggestionSucceeded", "Suggestion is succeeded", now)
        elif not conditions.is_known(status, FAILED) and not statuses.is_exhausted(status):
            if "startTime" not in status:
                status["startTime"] = stamp(now)
                self._mark(status, CREATED, "SuggestionCreated", "Suggestion is created", now)
            self._mark(status, RUNNING, "SuggestionRunning", "Suggestion is running", now)
            known = status.get("suggestionCount", 0)
            lacking = obj["spec"].get("requests", 0) - known
            if lacking > 0:
                trials = _history(self.trials.of(objects, experiment), status)
                self._helper(objects, obj, experiment).ask(Question(lacking, known, trials))
        writes.write_status(objects, SUGGESTIONS, obj, status)

    def _helper(self, objects: Objects, obj: Object, experiment: Object) -> Helper:
        uid = obj["metadata"]["uid"]
        if uid not in self._helpers:
            spec = experiment["spec"]
            search = {one: spec[one] for one in ("parameters", "objective", "algorithm")}
            search["seed"] = zlib.crc32(uid.encode())
            writer = Writer(objects, obj)
            self._helpers[uid] = Helper("/".join(key(obj)), search, writer.write)
        return self._helpers[uid]

    @staticmethod
    def _mark(status: Object, kind: str, reason: str, message: str, now: datetime) -> None:
        statuses.mark(status, Condition(kind, reason, message), now)


def _history(trials: dict[str, Summary], status: Object) -> list[Message]:
    """What the process is told: all trials, and what was suggested but not begun."""
    known = [
        {
            "name": one.name,
            "assignments": one.assignments,
            "state": _STATES.get(one.phase, "running" if one.is_active else "failed"),
            "value": one.value,
        }
        for one in trials.values()
    ]
    waiting = [
        {"name": one["name"], "assignments": one["parameterAssignments"], "state": "running", "value": None}
        for one in status.get("suggestions") or []
        if one["name"] not in trials
    ]
    return [*known, *waiting]


_STATES = {SUCCEEDED: "succeeded", EARLY_STOPPED: "stopped"}


class Writer:
    """Writes the answers of a process into the status of its Suggestion, in the thread of that process."""

    def __init__(self, objects: Objects, obj: Object) -> None:
        self._objects = objects
        self._item = key(obj)
        self._uid = obj["metadata"]["uid"]

    def write(self, answer: Message) -> bool:
        """Add what was suggested, which wakes up the operators; False if it cannot be stored."""
        namespace, name = self._item
        for _ in range(TRIES):
            try:
                obj = self._objects.get(SUGGESTIONS, name, namespace)
                if obj is None or obj["metadata"]["uid"] != self._uid:
                    return False
                status = self._changed(obj, answer)
                writes.write_status(self._objects, SUGGESTIONS, obj, status)
                return True
            except Refused as refusal:
                if refusal.code != 409:
                    log.warning("the suggestions of %s/%s are not stored: %s", namespace, name, refusal)
                    return False
        return False

    def _changed(self, obj: Object, answer: Message) -> Object:
        """The status with an answer."""
        status, now = dict(obj.get("status") or {}), present()
        if "error" in answer:
            statuses.mark(status, Condition(FAILED, "SuggestionFailed", answer["error"]), now)
            return status
        _, name = self._item
        made = [
            {"name": f"{name}-{writes.suffix(8)}", "parameterAssignments": one}
            for one in answer["suggestions"]
        ]
        status["suggestions"] = [*(status.get("suggestions") or []), *made]
        status["suggestionCount"] = status.get("suggestionCount", 0) + len(made)
        if answer["exhausted"]:
            text = "Suggestion has reached the end: nothing is left to try"
            statuses.mark(status, Condition(SUCCEEDED, statuses.EXHAUSTED, text), now)
        return status


DEFINITIONS = (
    Definition(resource=SUGGESTIONS, structure=structures.SUGGESTION, check=validation.check_suggestion),
)
