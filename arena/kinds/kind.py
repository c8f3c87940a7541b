"""The shape of a kind: what a module under `kinds/` must offer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from arena import labels
from arena.model import Instance, Job
from arena.resources import Resource

Object = Mapping[str, Any]


class Member(NamedTuple):
    """What is kept of a pod when thousands are listed: a thirtieth of its JSON."""

    instance: Instance
    owner: tuple[str, str]
    """Name and uid of the object that controls it, empty where none does."""


Pod = Object | Member


class Places(NamedTuple):
    """Where the pods of a kind say which place in the job they have; the first key that is there counts."""

    roles: tuple[str, ...] = (
        labels.REPLICA_TYPE,
        labels.TF_REPLICA_TYPE,
        labels.PYTORCH_REPLICA_TYPE,
        labels.MPI_ROLE_TYPE,
        labels.JOB_ROLE,
    )
    """Labels with the role, such as `worker`."""
    indices: tuple[str, ...] = (
        labels.REPLICA_INDEX,
        labels.TF_REPLICA_INDEX,
        labels.PYTORCH_REPLICA_INDEX,
    )
    """Labels or annotations with the number among those of the role."""
    chiefs: tuple[str, ...] = ("launcher", "master", "chief")
    """Roles whose end is the job's."""
    other: str = ""
    """The role of a pod that has none of those labels."""


STANDARD = Places()


class Change(NamedTuple):
    """How a job is changed after its submit: its object is patched, or another one asks for it."""

    patch: Object | None = None
    """A JSON merge patch of the job's object."""
    resource: Resource | None = None
    """The type of the object to create in its stead."""
    request: Object | None = None
    """That object; its namespace, its owner and the end of its name are filled in by whoever sends it."""


def switch(*path: str) -> Callable[[Object, bool], Change]:
    """Suspends and resumes by a boolean field of the object, say `("spec", "suspend")`."""
    return lambda obj, on: Change(patch=_nested(path, on))


def count(*path: str) -> Callable[[Object, int], Change]:
    """Scales by a field of the object that holds how many workers there are."""
    return lambda obj, number: Change(patch=_nested(path, number))


def _nested(path: Sequence[str], value: object) -> Object:
    first, *rest = path
    return {first: _nested(rest, value) if rest else value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of job."""

    name: str
    """`tfjob`: the word after `submit`, the value of `-T`, the label `app`."""
    aliases: tuple[str, ...]
    """Other words for it, in any case: `tf`, `Tensorflow`."""
    summary: str
    """One line for help."""
    resources: tuple[Resource, ...]
    """The types that can carry it, the preferred first; the first one that a cluster serves is used."""
    template: str
    """File name under `templates/`."""
    spec: type
    """The Spec dataclass."""
    values: Callable[[Any, Resource], dict[str, Any]]
    """(spec, the resource chosen) -> a value for every hole of the template."""
    read: Callable[[Object, Sequence[Pod]], Job]
    """(object, its pods) -> Job."""
    pods: Callable[[Object], Mapping[str, str]]
    """Object -> the labels that all its pods carry and no others do."""
    owns: Callable[[Object], bool] = lambda obj: True
    """Whether an object of its type is of this kind (an MPIJob that runs horovodrun is a horovodjob)."""
    takes: Callable[[Object], bool] = lambda obj: False
    """Whether one that `owns` leaves out is of this kind all the same for somebody who names the kind."""
    job_of: Callable[[Object], str] = lambda pod: ""
    """Pod -> the name of the job of this kind that it belongs to, or "" (list joins by it)."""
    places: Places = STANDARD
    """How its pods tell their places; its `read` must read by the same."""
    selectors: tuple[str, ...] = (labels.JOB_NAME,)
    """Label selectors that together find the pods of all its jobs; those of several kinds are asked once."""
    former: tuple[str, ...] = ()
    """Selectors for pods of operators of the Go arena's time, asked where a job seems to have none."""
    suspend: Callable[[Object, bool], Change] | None = None
    """(object, whether to suspend or resume) -> what does it; None where its operator cannot."""
    scale: Callable[[Object, int], Change] | None = None
    """(object, workers) -> what changes how many there are while it runs; None where its operator cannot."""
    examples: tuple[str, ...] = ()
    """Command lines for help."""
