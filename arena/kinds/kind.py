"""The shape of a kind, which a module of a family's package defines as KIND."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic

from arena import labels
from arena.kinds.family import Family
from arena.model.instances import Instance
from arena.model.jobs import Job
from arena.resources import Resource
from arena.tuples import NamedTuple
from arena.values import frozen

Object = Mapping[str, Any]


class PodSummary(NamedTuple):
    """The part of a pod that is kept when thousands are listed: a thirtieth of its JSON."""

    instance: Instance
    owner: tuple[str, str]
    """Name and uid of the object that controls it; empty if none does."""

    @property
    def uid(self) -> str:
        """The uid of the pod."""
        return self.instance.uid


class AbridgedPod(NamedTuple):
    """What is kept of an abridged pod (`arena.resources.ABRIDGED`) until its job says what it requests.

    Only then it becomes a summary, so that its instance is made once.
    """

    name: str
    namespace: str
    uid: str
    role: str
    number: int
    chief: bool
    node: str
    status: Object
    """As in the pod; shared with others."""
    created: str
    owner: tuple[str, str]
    """As in the summary."""


Pod = Object | PodSummary


class PodConventions(NamedTuple):
    """How an operator marks the pods of a kind: their roles, their numbers, and their main containers.

    If a pod has several of the keys, the first one applies.
    """

    role_labels: tuple[str, ...] = ()
    """Labels with the role, such as `worker`."""
    index_labels: tuple[str, ...] = ()
    """Labels or annotations with the pod's number within its role."""
    chief_roles: tuple[str, ...] = ()
    """Roles whose end ends the workload."""
    has_chief: bool = False
    """Whether a pod should have such a role, so that no other is the chief even while it is missing."""
    default_role: str = ""
    """The role of a pod without those labels."""
    main_containers: tuple[str, ...] = ()
    """Names that the operator gives to, or expects of, the container that runs the program."""

    def of_roles(self, roles: Iterable[str]) -> "PodConventions":
        """The conventions of a workload with these roles, which determine whether it has a chief."""
        return _with_chief(self, any(role.lower() in self.chief_roles for role in roles))


@lru_cache
def _with_chief(conventions: PodConventions, has_chief: bool) -> PodConventions:
    return conventions._replace(has_chief=has_chief)


UNMARKED = PodConventions()
"""Pods that have neither a role nor a number."""


class Modification(NamedTuple):
    """A change of a running workload: a patch of its object, or another object that requests it."""

    patch: Object | None = None
    """A JSON merge patch of the object."""
    resource: Resource | None = None
    """The type of the object to create instead."""
    request: Object | None = None
    """That object; the sender adds its namespace, its owner and the end of its name."""


class Halt(NamedTuple):
    """What ends the pods of a workload for good and keeps its object, where the cluster cannot suspend it."""

    patch: Object
    """A JSON merge patch of the object."""
    launcher: str = ""
    """What its name ends with in that of the Job that runs its launcher, whose deadline must be set, too."""


class ScaleRequests(NamedTuple):
    """Requests that add or remove workers, which may run a script that notifies the program."""

    spec: Callable[[], type]
    """() -> the type of the Specs of such requests; its fields are `name` and the options of the operator."""
    modification: Callable[[Object, Any, bool], Modification]
    """(object, Spec, whether to add workers) -> the request."""
    outcome: Callable[[Object], tuple[bool | None, str]]
    """Object of a request -> whether it succeeded (None: not done yet), and its status message."""


def switch(*path: str) -> Callable[[Object, bool], Modification]:
    """Suspend and resume through a boolean field of the object, such as `("spec", "suspend")`."""
    return lambda obj, on: Modification(patch=_nested(path, on))


def count(*path: str) -> Callable[[Object, int], Modification]:
    """Scale through the field of the object that holds the number of workers."""
    return lambda obj, number: Modification(patch=_nested(path, number))


def _nested(path: Sequence[str], value: object) -> Object:
    first, *rest = path
    return {first: _nested(rest, value) if rest else value}


if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from arena.kinds.workload.dependents import Dependent
    from arena.kinds.workload.rendering import Rendering

    Spec = TypeVar("Spec", default=Any)
    Model = TypeVar("Model", default=Job)
else:
    from typing import TypeVar

    Spec, Model = TypeVar("Spec"), TypeVar("Model")


@frozen
class Specs(Generic[Spec]):
    """What a user can request of a kind, and what is sent for it."""

    spec: type[Spec]
    """The type of its Specs, whose fields are its options."""
    values: "Callable[[Spec, Rendering], dict[str, Any]]"
    """(Spec, facts of this run) -> the values of the template's holes."""
    beside: "Callable[[Spec, Rendering], Sequence[Dependent]]" = lambda spec, rendering: ()
    """(Spec, facts of this run) -> the objects beside the main one for which its options ask."""
    form: "Callable[[Kind[Spec, Any], Spec], Kind[Spec, Any]]" = lambda kind, spec: kind
    """(kind, Spec) -> the kind as it is sent, if options choose another type and template."""


@frozen
class Kind(Generic[Spec, Model]):
    """A kind of workload: its options, what is sent to the cluster, and how it is read back.

    A kind whose objects are read as Jobs can be written as `Kind` alone.
    """

    name: str
    """`tfjob`: the word after `submit`, the value of `-T`, the label `app`."""
    family: Family
    """The family that it is listed with."""
    aliases: tuple[str, ...]
    """Other words for it, in any case: `tf`, `Tensorflow`."""
    summary: str
    """One line for help."""
    resources: tuple[Resource, ...]
    """The types that can represent it, the preferred one first; the first that a cluster serves is used."""
    template: str
    """File name under `templates/`."""
    specs: Specs[Spec] | str
    """Its Spec and values, or the name of the module that defines them as SPECS, imported at first use."""
    read: Callable[[Object, Sequence[Pod]], Model]
    """(object, its pods) -> its model, such as a Job."""
    pods: Callable[[Object], Mapping[str, str]]
    """Object -> the labels that all its pods and no others have."""
    owns: Callable[[Object], bool] = lambda obj: True
    """Whether an object of its type is of this kind: an MPIJob that runs horovodrun is a horovodjob."""
    takes: Callable[[Object], bool] = lambda obj: False
    """Whether an object that it does not own counts as this kind if the user names the kind."""
    job_of: Callable[[Object], str] = lambda pod: ""
    """Pod -> the name of the object of this kind that it belongs to, or ""."""
    conventions: PodConventions = UNMARKED
    """The conventions of its pods; `read` must use the same ones."""
    selectors: tuple[str, ...] = (labels.JOB_NAME,)
    """Label selectors that together find the pods of all its objects; equal ones share a request."""
    event_writer: Callable[[str], Mapping[str, str]] | None = None
    """Name -> labels of the pod that writes the event files for TensorBoard; None if any of its pods may."""
    former: tuple[str, ...] = ()
    """Selectors of pods of the operators of the Go arena's time, used if an object seems to have no pods."""
    makes: tuple[str, ...] = ()
    """Types of other kinds of which its operator creates an object with the name of the job."""
    suspend: Callable[[Object, bool], Modification] | None = None
    """(object, whether to suspend or resume) -> the change; None if its operator cannot."""
    halt: Halt | None = None
    """What ends its pods where the cluster is too old to suspend it; None if nothing does."""
    kueue: Callable[[Resource], bool] = lambda resource: True
    """Whether Kueue can hold objects of one of its types in queues."""
    scale: Callable[[Object, int], Modification] | None = None
    """(object, number of workers) -> the change that scales it while it runs; None if its operator cannot."""
    scale_requests: ScaleRequests | None = None
    """How `arena scaleout` and `arena scalein` change the number of workers; None if its operator cannot."""
    servers: tuple[str, ...] = ()
    """Roles that serve the others and end only when told to, such as parameter servers."""
    one_world: bool = True
    """Whether the instances of a job train together, as the ranks of one world."""
    also: tuple[Resource, ...] = ()
    """Further types that represent it if options choose them; all of them are read."""
    passes_annotations: bool = False
    """Whether its operator copies the annotations of an object to its pods, which no template describes."""
    former_names: tuple[str, ...] = ()
    """What it was called once; a command by that name says what it is called now."""
    renews: bool = False
    """Whether its operator recreates instances that were deleted after the end."""
    examples: tuple[str, ...] = ()
    """Command lines for help."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every word for it, in lower case."""
        return (self.name, *(one.lower() for one in (*self.aliases, *self.former_names)))

    @property
    def spec(self) -> type[Spec]:
        """The type of its Specs, whose fields are its options."""
        return self._specs().spec

    @property
    def values(self) -> "Callable[[Spec, Rendering], dict[str, Any]]":
        """(Spec, facts of this run) -> the values of the template's holes."""
        return self._specs().values

    @property
    def beside(self) -> "Callable[[Spec, Rendering], Sequence[Dependent]]":
        """(Spec, facts of this run) -> the objects beside the main one for which its options ask."""
        return self._specs().beside

    def form(self, spec: Spec) -> "Kind[Spec, Model]":
        """The kind as it is sent for a Spec, whose options may choose another type and template."""
        return self._specs().form(self, spec)

    @property
    def carriers(self) -> tuple[Resource, ...]:
        """All types that can represent it."""
        return (*self.resources, *self.also)

    def _specs(self) -> Specs[Spec]:
        return import_module(self.specs).SPECS if isinstance(self.specs, str) else self.specs
