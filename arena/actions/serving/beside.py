"""The objects beside the main one of a serving: what an update creates, changes and deletes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from arena import manifests
from arena.actions.jobs.find import reference
from arena.actions.serving import contents
from arena.actions.serving.find import Found
from arena.actions.submit.plan import DEPENDENTS
from arena.errors import Conflict, NotFound
from arena.resources import SERVICES, Resource
from arena.tuples import NamedTuple
from arena.values import field, frozen

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
Objects = Mapping[str, Object]
"""Objects by KIND/NAME."""


@frozen
class Amended:
    """What a serving becomes by an update."""

    main: Object
    """The main object."""
    contents: Sequence[Object] = ()
    """ConfigMaps and Secrets that this revision needs."""
    code_parts: Sequence[Object] = ()
    """The ConfigMaps with its code, if that is changed."""
    after: Objects = field(default_factory=dict)
    """The other objects beside the main one, as a submit would create them."""
    before: Sequence[Objects] = ()
    """The same for the recorded options, and for others that differ in one of those that are changed."""
    former: Sequence[str] = ()
    """KIND/NAME of contents to which no revision refers any more."""


class Step(NamedTuple):
    """A change of one object."""

    resource: Resource
    live: Object | None
    """The object as it is; None if it is to be created."""
    target: Object | None
    """What it becomes; None if it is to be deleted."""
    gone: tuple[str, ...] = ()
    """The names of ports that it loses once the main object is changed."""

    @property
    def meta(self) -> Object:
        """The metadata of the object."""
        found: Object = (self.live or self.target or {})["metadata"]
        return found

    @property
    def title(self) -> str:
        """What messages call the object."""
        return f'{self.resource.kind} "{self.meta["name"]}"'

    def shown(self) -> Object | None:
        """What would be sent, with the identity of the object; None for a deletion."""
        if self.target is None:
            return None
        if self.live is None:
            return manifests.brief(manifests.masked(self.target))
        patch = manifests.merge_patch(self.live, self.without_gone(self.target))
        meta = {key: self.meta[key] for key in ("name", "namespace")}
        identity = {"apiVersion": self.resource.api_version, "kind": self.resource.kind}
        return {**identity, **patch, "metadata": {**patch.get("metadata", {}), **meta}}

    def without_gone(self, obj: Object) -> Object:
        """A Service without the ports that it loses; another object as it is."""
        if not self.gone:
            return obj
        ports = [one for one in obj["spec"]["ports"] if one.get("name") not in self.gone]
        return {**obj, "spec": {**obj["spec"], "ports": ports}}


def steps(cluster: Cluster, found: Found, amended: Amended) -> list[Step]:
    """The changes of all objects beside the main one but for parts of code, in their order.

    Only objects whose manifests differ are read.

    Raises:
        Conflict: something else has the name of an object that is to be created.
        NotAllowed: an object may not be read.
    """
    made = [
        *_contents(cluster, found, amended.contents),
        *_changes(cluster, found, amended),
        *_deletions(cluster, found, amended),
    ]
    return [one for one in made if one.live is None or one.target != one.live or one.gone]


def _contents(cluster: Cluster, found: Found, wanted: Sequence[Object]) -> Iterator[Step]:
    """Create those that are missing: an earlier revision may have had the same content."""
    for one in wanted:
        resource, there = _there(cluster, one)
        if there is None:
            yield Step(resource, None, _owned(found, one))
        elif not is_owned(there, found) or contents.data(there) != contents.data(one):
            raise _taken(resource, one, found)


def _changes(cluster: Cluster, found: Found, amended: Amended) -> Iterator[Step]:
    recorded: Objects = amended.before[0] if amended.before else {}
    for key, after in amended.after.items():
        bases = [some.get(key, {}) for some in amended.before if some.get(key) != after]
        if not bases:
            continue
        resource, there = _there(cluster, after)
        if there is None:
            if key not in recorded:  # else somebody has deleted it
                yield Step(resource, None, _owned(found, after))
            continue
        if key not in recorded and not is_owned(there, found):
            raise _taken(resource, after, found)
        target = there
        for before in bases:
            target = manifests.three_way(before, after, target)
        yield _kept(Step(resource, there, target))


def _kept(step: Step) -> Step:
    """First only add ports to a Service: old pods serve those that it loses until they are replaced."""
    if step.resource != SERVICES or not (step.live and step.target):
        return step
    before, after = (one["spec"].get("ports") or [] for one in (step.live, step.target))
    names, numbers = {one.get("name") for one in after}, {one["port"] for one in after}
    gone = [one for one in before if one.get("name", "") not in {"", *names} and one["port"] not in numbers]
    if not gone:
        return step
    whole = {**step.target, "spec": {**step.target["spec"], "ports": [*after, *gone]}}
    return step._replace(target=whole, gone=tuple(one["name"] for one in gone))


def _deletions(cluster: Cluster, found: Found, amended: Amended) -> Iterator[Step]:
    recorded: Objects = amended.before[0] if amended.before else {}
    for key, before in recorded.items():
        if key not in amended.after:
            resource, there = _there(cluster, before)
            if there is not None and is_owned(there, found):
                yield Step(resource, there, None)


def _there(cluster: Cluster, one: Object) -> tuple[Resource, Object | None]:
    resource, meta = DEPENDENTS[one["kind"]], one["metadata"]
    with suppress(NotFound):
        return resource, cluster.get(resource, meta["namespace"], meta["name"])
    return resource, None


def is_owned(obj: Object, found: Found) -> bool:
    """Whether a serving owns an object."""
    owners = obj["metadata"].get("ownerReferences") or ()
    return any(one.get("uid") == found.obj["metadata"]["uid"] for one in owners)


def _owned(found: Found, one: Object) -> Object:
    return {**one, "metadata": {**one["metadata"], "ownerReferences": [reference(found.resource, found.obj)]}}


def _taken(resource: Resource, one: Object, found: Found) -> Conflict:
    name = one["metadata"]["name"]
    return Conflict(
        f'the {resource.kind} "{name}" exists, and is not part of serving "{found.serving.title}"',
        "delete it, or submit another version",
    )
