"""Find one serving by its name, and by its version if it has several."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions import readings, served
from arena.actions.jobs import find
from arena.actions.serving import listing, shares
from arena.errors import ArenaError, NotFound, SpecError
from arena.kinds.kind import Kind
from arena.kinds.serving import FAMILY
from arena.model.partial import Partial
from arena.model.servings import Serving
from arena.resources import PODS, Resource
from arena.tuples import NamedTuple
from arena.values import replace

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]


class Found(NamedTuple):
    """The main object of a serving, and what it is read by."""

    kind: Kind[Any, Any]
    resource: Resource
    obj: Object
    serving: Serving
    """The serving without its instances and its address."""


def every(
    cluster: Cluster, namespace: str, name: str = "", *, version: str = "", kind: Kind | None = None
) -> list[Found]:
    """The main objects of all versions of a serving, or of all servings, the newest first.

    Args:
        name: its name, NAME@VERSION, or the name of its main object; "" for all.

    Raises:
        NotFound: there is none with that name and version; the hint suggests others.
        NotAllowed: no type may be listed.
    """
    name, _, given = name.partition("@")
    version = version or given
    wanted: Sequence[Kind[Any, Any]] = [kind] if kind else kinds.of(FAMILY)
    reading = readings.read(served.types(cluster, wanted), lambda one: list(cluster.list(one, namespace)))
    there = [
        Found(one, resource, obj, one.read(obj, []))
        for resource, objects in reading.objects.items()
        for obj in objects
        for one in wanted
        if resource in one.carriers and one.owns(obj)
    ]
    there.sort(key=lambda one: str(one.obj["metadata"].get("creationTimestamp") or ""), reverse=True)
    hits = [one for one in there if not name or name in (one.serving.name, one.serving.object_name)]
    found = [one for one in hits if not version or one.serving.version == version]
    if name and not found:
        title = f'serving "{name}"' + (f" of version {version}" if version and hits else "")
        raise readings.absent(title, f'in namespace "{namespace}"', reading, _hint(name, hits, there))
    return found


def _hint(name: str, hits: Sequence[Found], there: Sequence[Found]) -> str:
    if hits:
        return "its versions are " + ", ".join(sorted(one.serving.version or "unnamed" for one in hits))
    close = difflib.get_close_matches(name, {one.serving.name for one in there}, n=2)
    return f"did you mean {' or '.join(close)}?" if close else f"{FAMILY.listing} -A shows all"


def one(cluster: Cluster, namespace: str, name: str, *, version: str = "", kind: Kind | None = None) -> Found:
    """The main object of one serving.

    Raises:
        NotFound: as `every`.
        SpecError: several have that name, and neither version nor kind distinguishes them.
    """
    found = every(cluster, namespace, name, version=version, kind=kind)
    if len(found) == 1:
        return found[0]
    versions = [one.serving.version for one in found]
    if len(set(versions)) > 1:
        raise SpecError(f'serving "{name}" has several versions: {", ".join(versions)}', "choose one with -v")
    raise SpecError(
        f'several kinds have a serving "{name}": {", ".join(one.kind.name for one in found)}',
        "choose with -T",
    )


def serving(
    session: Session,
    name: str,
    *,
    version: str = "",
    kind: Kind | str | None = None,
    details: bool = False,
    among: str = "",
) -> Serving:
    """Return one serving with its instances and its address.

    Instances that cannot be read are missing, and `Serving.unread` says so.

    Args:
        version: required if it has several.
        kind: required if several kinds have a serving of that name.
        details: whether to read its revisions, its autoscaler and its share of the traffic, too.
        among: a label selector for its instances.

    Raises:
        NotFound: there is no such serving.
        SpecError: it has several versions, or several kinds have one, and none was chosen.
    """
    cluster, namespace = session.cluster(), session.namespace
    found = one(cluster, namespace, name, version=version, kind=kinds.named(kind, FAMILY))
    if not details:
        return whole(cluster, found, among=among)
    from arena.actions.serving.details import detailed

    return detailed(cluster, found, whole(cluster, found, shares.routes(cluster, namespace)))


def whole(cluster: Cluster, found: Found, routes: Partial[Object] | None = None, among: str = "") -> Serving:
    """The serving with its instances and its address, as far as these can be read.

    Args:
        routes: what may split its traffic.
        among: a label selector for its instances.
    """
    namespace = found.serving.namespace
    services, routes = listing.services(cluster, namespace), routes or Partial([])
    unread = (*services.unread, *routes.unread)
    chosen = ",".join(filter(None, (find.pod_selector(found.kind, found.obj), among)))
    try:
        pods = list(cluster.list(PODS, namespace, labels=chosen))
    except ArenaError as error:
        pods, unread = [], (*unread, readings.unread(PODS, error, readings.INSTANCES))
    [made] = listing.located(Partial([found.kind.read(found.obj, pods)]), services, routes)
    return replace(made, unread=unread)


def names(session: Session) -> list[str]:
    """Return the names of the servings in the session's namespace, each once."""
    try:
        found = every(session.cluster(), session.namespace)
    except NotFound:
        return []
    return list(dict.fromkeys(one.serving.name for one in found))


def spread(session: Session, names: Sequence[str], kind: Kind | None) -> Iterator[str]:
    """Yield the main objects of all versions of the named servings; a name that nothing has stays."""
    for name in names:
        try:
            yield from (
                one.serving.object_name
                for one in every(session.cluster(), session.namespace, name, kind=kind)
            )
        except NotFound:
            yield name


def versions(session: Session, name: str) -> list[str]:
    """Return the versions of a serving, the newest first; raises NotFound."""
    found = every(session.cluster(), session.namespace, name)
    return [one.serving.version for one in found if one.serving.version]
