"""ScaleIn and ScaleOut: requests to remove workers from a running TrainingJob, or to add some."""

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from arena.local.definitions import Definition
from arena.local.field_errors import FieldError, check_count, invalid, missing
from arena.local.machinery import conditions
from arena.local.objects import Object, Objects, Resource, key, owner
from arena.local.operators.elastic.manifests import SCALEINS, SCALEOUTS, Job

SCALING = "Scaling"
SCRIPTED = "ScriptExecuted"
SUCCEEDED = "ScaleSucceeded"
FAILED = "ScaleFailed"
TIMEOUT = 60
"""Default timeout in seconds."""


@dataclass
class Scale:
    """One request: its object, and the status that the pass writes."""

    resource: Resource
    obj: Object
    status: Object

    @property
    def out(self) -> bool:
        """Whether workers are added."""
        return self.resource == SCALEOUTS

    @property
    def parent(self) -> tuple[Resource, Object]:
        """The owner of its script's Job."""
        return self.resource, self.obj

    @property
    def title(self) -> str:
        """Its name in messages."""
        return f"{self.resource.kind} {self.obj['metadata']['name']}"

    @property
    def spec(self) -> Object:
        """Its spec."""
        found: Object = self.obj["spec"]
        return found

    @property
    def names(self) -> list[str]:
        """The affected workers, once they are chosen."""
        return list(self.status.get("addPods" if self.out else "toDeletePods") or [])

    @property
    def timeout(self) -> float:
        """The seconds that the request and its script may take."""
        return float(self.spec.get("timeout") or TIMEOUT)

    @property
    def begun(self) -> str:
        """When it began, as the API's text; "" when it has not."""
        return str(conditions.find(self.status, SCALING).get("lastTransitionTime") or "")

    @property
    def over(self) -> bool:
        """Whether it succeeded or failed."""
        return conditions.holds(self.status, SUCCEEDED) or conditions.holds(self.status, FAILED)


def new_status() -> Object:
    """What the status of a request, and of a TrainingJob, must have."""
    return {"conditions": [], "replicaStatuses": {}, "restartCount": 0}


def pending(objects: Objects, job: Job) -> list[Scale]:
    """The unfinished requests to scale the job: the one in progress, then the others by age."""
    every = [
        Scale(resource, one, {**new_status(), **copy.deepcopy(one.get("status") or {})})
        for resource in (SCALEINS, SCALEOUTS)
        for one in objects.list(resource, key(job.obj)[0])
        if _concerns(one, job)
    ]
    found = [one for one in every if not one.over]
    return sorted(found, key=lambda one: (not one.begun, one.obj["metadata"]["creationTimestamp"], one.title))


def _concerns(obj: Object, job: Job) -> bool:
    holder = owner(obj)
    if holder is not None:
        return bool(holder["uid"] == job.obj["metadata"]["uid"])
    return bool((obj["spec"].get("selector") or {}).get("name") == job.name)


def choose(job: Job, scale: Scale, taken: Iterable[str]) -> tuple[list[str], str]:
    """The workers to add or to remove; or why that is not possible.

    Args:
        job: the job.
        scale: the request.
        taken: names of workers that there are or were.
    """
    return _newcomers(job, scale, taken) if scale.out else _leavers(job, scale)


def _newcomers(job: Job, scale: Scale, taken: Iterable[str]) -> tuple[list[str], str]:
    count, most = int(scale.spec["toAdd"]["count"]), job.limits[1]
    if most is not None and len(job.target) + count > most:
        return [], f"{scale.title} would make {len(job.target) + count} workers; at most {most} are allowed"
    first = 1 + max(map(job.index, (*job.target, *taken)), default=-1)
    return [job.worker(first + number) for number in range(count)], ""


def _leavers(job: Job, scale: Scale) -> tuple[list[str], str]:
    """The named workers, otherwise those with the highest numbers."""
    wish, fewest = scale.spec["toDelete"], job.limits[0]
    ranked = sorted(job.target, key=job.index)
    names = list(wish.get("podNames") or ranked[-int(wish["count"]) :])
    unknown = [name for name in names if name not in ranked]
    if unknown:
        return [], f"{scale.title}: {unknown[0]} is not a worker of {job.name}"
    rest = len(ranked) - len(names) if wish.get("podNames") else len(ranked) - int(wish["count"])
    if rest < fewest:
        return [], f"{scale.title} would leave {max(rest, 0)} workers; at least {fewest} are required"
    return names, ""


def check(obj: Object) -> Iterator[FieldError]:
    """Yield the errors of a request, which must name its job, and a number of workers or their names."""
    spec = obj["spec"]
    if not (spec.get("selector") or {}).get("name"):
        yield missing("spec.selector.name", "name the TrainingJob")
    for field in ("timeout", "backoffLimit"):
        yield from check_count(f"spec.{field}", spec.get(field))
    where = "toAdd" if obj["kind"] == SCALEOUTS.kind else "toDelete"
    wish = spec.get(where) or {}
    if not wish.get("podNames") and (not isinstance(wish.get("count"), int) or wish["count"] < 1):
        yield invalid(f"spec.{where}.count", wish.get("count"), "must be greater than or equal to 1")


DEFINITIONS = (
    Definition(resource=SCALEINS, check=check),
    Definition(resource=SCALEOUTS, check=check),
)
