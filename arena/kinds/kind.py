"""The shape of a kind: what a module under `kinds/` must offer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from arena.model import Instance, Job
from arena.resources import Resource

Object = Mapping[str, Any]


class Member(NamedTuple):
    """What is kept of a pod when thousands are listed: a thirtieth of its JSON."""

    instance: Instance
    owner: tuple[str, str]
    """Name and uid of the object that controls it, empty where none does."""


Pod = Object | Member


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
    job_of: Callable[[Object], str] = lambda pod: ""
    """Pod -> the name of the job of this kind that it belongs to, or "" (list joins by it)."""
    examples: tuple[str, ...] = ()
    """Command lines for help."""
