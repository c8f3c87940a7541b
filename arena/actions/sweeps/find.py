"""Sweeps: find and read one by name, or all, whoever started them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions import readings, served
from arena.actions.sweeps.foreground import find as foreground
from arena.actions.sweeps.foreground.find import There
from arena.actions.sweeps.importance import weighed
from arena.errors import ArenaError, MissingOperator, NotFound, SpecError
from arena.kinds.kind import Kind
from arena.kinds.sweeps import reading
from arena.kinds.sweeps.experiment import EXPERIMENT_LABEL, EXPERIMENTS, SUGGESTIONS, TRIAL_LABEL, TRIALS
from arena.model.events import Event
from arena.model.partial import Partial
from arena.model.sweeps import Sweep, Trial
from arena.parallel import thread_pool
from arena.resources import Resource
from arena.tuples import NamedTuple
from arena.units import by_age
from arena.values import replace

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]
OBSERVATIONS = Resource("metrics.arena.io", "v1", "observationlogs", kind="ObservationLog")
"""The values of metrics of pods, which only the local cluster keeps."""
_TRIALS = "trials are missing"
_ORDER = "trials that began within the same second may have other numbers next time"


def sweeps(
    session: Session, *, everywhere: bool = False, selector: str = "", kind: Any = None
) -> Partial[Sweep]:
    """Return the sweeps of the session's namespace with their trials, the newest first.

    Args:
        everywhere: include every namespace.
        selector: labels that the sweeps must have, such as `team=vision,stage!=test`.
        kind: return only sweeps whose trials are jobs of this kind.

    Raises:
        NotAllowed: they may not be listed.
    """
    cluster, namespace = session.cluster(), None if everywhere else session.namespace
    only = kinds.named(kind)
    with thread_pool() as threads:
        begun = threads.submit(foreground.sweeps, cluster, namespace, selector)
        found = _of_katib(cluster, namespace, selector)
        more = begun.result()
    wanted = [one for one in (*found, *more) if only is None or one.kind == only.name]
    unread = tuple(dict.fromkeys((*found.unread, *more.unread)))
    return Partial(sorted(wanted, key=by_age, reverse=True), unread)


def _of_katib(cluster: Cluster, namespace: str | None, selector: str) -> Partial[Sweep]:
    if not cluster.serves(EXPERIMENTS):
        return Partial([])
    objects = list(cluster.list(EXPERIMENTS, namespace, labels=selector))
    listed = partial(_listed, cluster, namespace, bool(objects))
    found = readings.optional(TRIALS, _TRIALS, listed)
    by_owner = _by_sweep(found)
    made = [_read(obj, by_owner[_key(obj["metadata"], obj["metadata"]["name"])]) for obj in objects]
    return Partial(made, found.unread)


def _listed(cluster: Cluster, namespace: str | None, needed: bool) -> Sequence[Object]:
    return list(cluster.list(TRIALS, namespace)) if needed else []


def _by_sweep(trials: Iterable[Object]) -> defaultdict[tuple[str, str], list[Object]]:
    found: defaultdict[tuple[str, str], list[Object]] = defaultdict(list)
    for one in trials:
        name = (one["metadata"].get("labels") or {}).get(EXPERIMENT_LABEL, "")
        found[_key(one["metadata"], name)].append(one)
    return found


def _key(meta: Object, name: str) -> tuple[str, str]:
    return meta.get("namespace", ""), name


def _read(obj: Object, trials: Sequence[Object], order: Sequence[str] = ()) -> Sweep:
    return replace(reading.sweep(obj, kind_of), trials=reading.trials(obj, trials, kind_of, order))


def kind_of(job: Mapping[str, Any]) -> str:
    """The name of the kind of a job, which may lack its metadata; "" if arena does not know it."""
    about = str(job.get("apiVersion")), str(job.get("kind"))
    owned = {"spec": {}, **job, "metadata": {"name": "", **(job.get("metadata") or {})}}
    return next((one.name for one in _sharing(*about) if one.owns(owned) or one.takes(owned)), "")


@cache
def _sharing(version: str, kind: str) -> tuple[Kind, ...]:
    """The kinds whose jobs are objects of a type."""
    every = kinds.training_kinds()
    return tuple(
        one for one in every if (version, kind) in [(each.api_version, each.kind) for each in one.carriers]
    )


def names(session: Session) -> list[str]:
    """Return the names of the sweeps, without reading their trials."""
    cluster = session.cluster()
    known = cluster.names(EXPERIMENTS, session.namespace) if cluster.serves(EXPERIMENTS) else ()
    return [*known, *foreground.names(cluster, session.namespace)]


class Found(NamedTuple):
    """A sweep as it was found: an Experiment, or the trials of one without Katib."""

    obj: Object
    """{} if Katib does not run it."""
    trials: Sequence[There] = ()


def found(cluster: Cluster, name: str, namespace: str) -> Found:
    """Find a sweep by name, whatever runs it.

    Raises:
        NotFound: there is none; the hint names similar ones.
    """
    with suppress(MissingOperator):
        if obj := _first(_named(cluster, name, namespace)):
            return Found(obj)
    if there := foreground.trials(cluster, name, namespace):
        return Found({}, there)
    return Found(find(cluster, name, namespace))


def find(cluster: Cluster, name: str, namespace: str) -> Object:
    """Find the Experiment of a sweep by name.

    Raises:
        NotFound: there is none; the hint names similar ones.
    """
    found = _named(cluster, name, namespace)
    if obj := _first(found):
        return obj
    hint = _similar(cluster, name, namespace) or readings.overview(
        cluster, found, "arena sweep list", "sweeps"
    )
    raise readings.absent(f'sweep "{name}"', f'in namespace "{namespace}"', found, hint)


def _named(cluster: Cluster, name: str, namespace: str) -> readings.Reading:
    return served.named(cluster, served.first(cluster, [[EXPERIMENTS]]), namespace, name)


def _first(found: readings.Reading) -> Object | None:
    return next((obj for there in found.objects.values() for obj in there), None)


def _similar(cluster: Cluster, name: str, namespace: str) -> str:
    import difflib

    known: list[str] = []
    with suppress(ArenaError):
        known = list(cluster.names(EXPERIMENTS, namespace)) if cluster.serves(EXPERIMENTS) else []
    close = difflib.get_close_matches(name, known, n=2)
    return f"did you mean {' or '.join(close)}?" if close else ""


def sweep(session: Session, name: str) -> Sweep:
    """Return one sweep with its trials and the importance of its parameters.

    On the local cluster, the trials have all values of their metrics.

    Raises:
        NotFound: there is no sweep with that name.
    """
    cluster = session.cluster()
    there = found(cluster, name, session.namespace)
    return weighed(foreground.assembled(there.trials) if there.trials else read(cluster, there.obj))


def read(cluster: Cluster, obj: Object) -> Sweep:
    """The sweep of an Experiment, with its trials."""
    meta = obj["metadata"]
    own = f"{EXPERIMENT_LABEL}={meta['name']}"
    listed = partial(_of_sweep, cluster, meta["namespace"], own)
    with thread_pool() as threads:
        known = threads.submit(order, cluster, obj)
        found = readings.optional(TRIALS, _TRIALS, listed)
        names = known.result()
    moments = {one["metadata"].get("creationTimestamp") for one in found}
    unread = (*found.unread, *(names.unread if len(moments) < len(found) else ()))
    return observed(cluster, replace(_read(obj, found, names), unread=unread))


def order(cluster: Cluster, obj: Object) -> Partial[str]:
    """The names of the trials of an Experiment, in the order in which Katib creates them."""
    return readings.optional(SUGGESTIONS, _ORDER, partial(_suggested, cluster, obj["metadata"]))


def _suggested(cluster: Cluster, meta: Object) -> Sequence[str]:
    with suppress(NotFound):
        return reading.suggested(cluster.get(SUGGESTIONS, meta["namespace"], meta["name"]))
    return ()


def _of_sweep(cluster: Cluster, namespace: str, own: str) -> Sequence[Object]:
    return list(cluster.list(TRIALS, namespace, labels=own))


def observed(cluster: Cluster, one: Sweep) -> Sweep:
    """The sweep with the values of metrics that the local cluster keeps."""
    own = f"{EXPERIMENT_LABEL}={one.name}"
    logs: defaultdict[str, list[Object]] = defaultdict(list)
    with suppress(ArenaError):
        if one.trials and cluster.serves(OBSERVATIONS):
            for log in cluster.list(OBSERVATIONS, one.namespace, labels=own):
                logs[(log["metadata"].get("labels") or {}).get(TRIAL_LABEL, "")].append(log)
    trials = tuple(reading.observed(each, logs[each.name], one) for each in one.trials)
    return replace(one, trials=trials)


def trial(one: Sweep, word: str = "") -> Trial:
    """Return a trial of a sweep by its number, its name or the end of it; `best` or "" is the best one.

    Raises:
        NotFound: there is none.
    """
    if word in ("", "best"):
        if found := one.best():
            return found
        raise NotFound(
            f'sweep "{one.name}" has no trial with a value of {one.objectives[0].metric} yet',
            f"arena sweep get {one.name} shows its trials",
        )
    if found := one.trial(word):
        return found
    last = f"they are 1 to {len(one.trials)}" if one.trials else "none has started yet"
    raise NotFound(f'sweep "{one.name}" has no trial "{word}"', f"give its number or its name: {last}")


def events(session: Session, one: Sweep) -> list[Event]:
    """Return the events about a sweep, the oldest first."""
    from arena.actions.diagnosis import events

    return events.of(session.cluster(), one.namespace, one.uid)


def kind_of_trial(one: Trial) -> Kind:
    """The kind of the job of a trial.

    Raises:
        SpecError: it is unknown.
    """
    found = kinds.of_name(one.kind) if one.kind else None
    if found is None:
        raise SpecError(f'the job of trial "{one.name}" is of a kind that arena does not know', "use kubectl")
    return found
