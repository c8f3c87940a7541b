"""Split the traffic of a serving between its versions, by whatever the cluster serves for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arena import kinds, labels, manifests
from arena.actions.jobs import find as jobs
from arena.actions.serving import change, find, listing
from arena.actions.serving.find import Found
from arena.actions.submit.creation import Creation
from arena.errors import Conflict, MissingOperator, NotFound, SpecError
from arena.kinds.kind import Kind
from arena.kinds.serving import FAMILY, kserve
from arena.kinds.serving.base import splits
from arena.kinds.serving.base.splits import Part, Split
from arena.resources import HTTP_ROUTES, VIRTUAL_SERVICES, Resource
from arena.values import frozen

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]
SYSTEMS = {"gateway": HTTP_ROUTES, "istio": VIRTUAL_SERVICES}
"""What can split traffic, by the word that chooses it, the preferred one first."""


@frozen
class Applied:
    """A split of the traffic, as it was requested."""

    name: str
    weights: Mapping[str, int]
    """Version -> percent."""
    by: str
    """What splits the traffic, such as `HTTPRoute digits`."""
    objects: Sequence[Object] = ()
    """The objects that say so; of KServe, the patch."""


def split(  # noqa: PLR0913  # what names a serving, and how to split it
    session: Session,
    name: str,
    weights: Mapping[str, int],
    *,
    kind: Kind | str | None = None,
    system: str | None = None,
    gateway: str = "",
    dry_run: bool = False,
) -> Applied:
    """Direct the requests to a serving to its versions, by weight.

    Requests to the Service that is named after the serving are split, or those of a Gateway.

    Args:
        weights: version -> percent; together 100. A version that is not named gets nothing.
        kind: required if several kinds have a serving of that name.
        system: `gateway` (HTTPRoute) or `istio` (VirtualService); by default whichever the cluster serves.
        gateway: a Gateway, `NAME` or `NAMESPACE/NAME`, whose requests are split.
        dry_run: create and change nothing.

    Raises:
        SpecError: the weights do not add up to 100.
        NotFound: there is no such serving or version.
        Conflict: another program has an object of that name.
        MissingOperator: the cluster serves nothing that splits traffic.
    """
    check(weights)
    cluster, namespace = session.cluster(), session.namespace
    found = find.every(cluster, namespace, name, kind=kinds.named(kind, FAMILY))
    if all(one.kind is kserve.KIND for one in found):
        return _canary(cluster, found, weights, dry_run=dry_run)
    by = _system(cluster, system)
    wanted = splits.objects(planned(cluster, found, weights, gateway), by)
    if not dry_run:
        send(cluster, wanted)
    return Applied(
        name=name,
        weights=dict(weights),
        by=f"{by.kind} {found[0].serving.name}",
        objects=[obj for _, obj in wanted],
    )


def check(weights: Mapping[str, int]) -> None:
    """Refuse weights that are no percentages of a whole; raises SpecError."""
    total = sum(weights.values())
    if any(not 0 <= one <= 100 for one in weights.values()) or total != 100:
        told = " + ".join(str(one) for one in weights.values()) or "nothing"
        raise SpecError(f"the weights add up to {total} ({told})", "write percentages that add up to 100")


def check_served(cluster: Cluster) -> None:
    """Raise MissingOperator if nothing that the cluster serves can split traffic."""
    _system(cluster, None)


def _system(cluster: Cluster, word: str | None) -> Resource:
    """The type of the route, which the cluster serves; raises MissingOperator."""
    wanted = [SYSTEMS[word]] if word else list(SYSTEMS.values())
    served = next(filter(cluster.serves, wanted), None)
    if served is None:
        names = " or ".join(f"{one.kind} ({one.group})" for one in wanted)
        raise MissingOperator(
            f"{cluster.name} serves no {names}, so nothing can split traffic by weight",
            "install the Gateway API with a mesh, or Istio; or scale the versions: arena serve scale",
        )
    return served


def planned(cluster: Cluster, found: Sequence[Found], weights: Mapping[str, int], gateway: str = "") -> Split:
    """The split, with the Services of the versions; raises NotFound and SpecError."""
    title, versions = found[0].serving.name, {one.serving.version: one for one in found}
    for version in weights:
        if version not in versions:
            known = ", ".join(sorted(versions))
            raise NotFound(f'serving "{title}" has no version "{version}"', f"its versions are {known}")
    services = list(listing.services(cluster, found[0].serving.namespace))
    own = {version: service_of(services, title, version) for version in weights}
    for version, service in own.items():
        if service is None:
            raise NotFound(f'version "{version}" of serving "{title}" has no Service', "create one for it")
    parts = [_part(version, own[version] or {}, weight) for version, weight in weights.items()]
    first = next(iter(own.values())) or {}
    return Split(
        name=title,
        namespace=found[0].serving.namespace,
        parts=tuple(parts),
        ports=tuple(_ports(first)),
        owners=tuple(jobs.reference(one.resource, one.obj) for one in found),
        gateway=gateway,
    )


def service_of(services: Sequence[Object], name: str, version: str) -> Object | None:
    """The Service of one version alone; None if there is none."""
    wanted = {labels.SERVING_NAME: name, labels.SERVING_VERSION: version}.items()
    own = [one for one in services if wanted <= (one["metadata"].get("labels") or {}).items()]
    return min(own, key=lambda one: one["metadata"]["name"] != f"{name}-{version}", default=None)


def _part(version: str, service: Object, weight: int) -> Part:
    return Part(version, service["metadata"]["name"], int(_ports(service)[0]["port"]), weight)


def _ports(service: Object) -> list[Object]:
    """The ports of a Service as the stable one has them, that for HTTP first; raises SpecError."""
    kept = ("name", "port", "targetPort", "protocol", "appProtocol")
    every = [{key: one[key] for key in kept if key in one} for one in service["spec"].get("ports") or ()]
    found = [one for one in every if one.get("name") != "http-metrics"]
    if not found:
        raise SpecError(f"Service {service['metadata']['name']} has no port for requests", "give it one")
    return sorted(found, key=lambda one: not str(one.get("name", "")).startswith("http"))


def send(cluster: Cluster, wanted: Sequence[tuple[Resource, Object]]) -> None:
    """Create the objects or change those that are there; what is new is deleted again if a part is refused.

    Raises:
        Conflict: another program has an object of that name.
    """
    there = [_present(cluster, resource, obj) for resource, obj in wanted]
    title = wanted[0][1]["metadata"]["name"]
    with Creation(cluster, f'the split of "{title}"') as together:
        for (resource, obj), old in zip(wanted, there, strict=True):
            if old is None:
                together.create(resource, obj["metadata"]["namespace"], obj)
            else:
                _change(cluster, resource, old, obj)


def _present(cluster: Cluster, resource: Resource, obj: Object) -> Object | None:
    """The object that has the name now, if it belongs to the serving; raises Conflict if it does not."""
    meta = obj["metadata"]
    try:
        old = cluster.get(resource, meta["namespace"], meta["name"])
    except NotFound:
        return None
    own = old["metadata"].get("labels") or {}
    if own.get(labels.SERVING_NAME) != meta["labels"][labels.SERVING_NAME]:
        raise Conflict(
            f'{resource.kind} "{meta["name"]}" exists in namespace "{meta["namespace"]}", '
            "and does not belong to the serving",
            "rename or delete it, since a split needs that name",
        )
    return old


def _change(cluster: Cluster, resource: Resource, old: Object, new: Object) -> None:
    """Give an object the spec, the labels and the owners that it shall have; what it has besides stays."""
    meta = {**old["metadata"], "ownerReferences": new["metadata"]["ownerReferences"]}
    meta["labels"] = {**(meta.get("labels") or {}), **new["metadata"]["labels"]}
    wanted = {**old, "metadata": meta, "spec": {**old["spec"], **new["spec"]}}
    if patch := manifests.merge_patch(old, wanted):
        name = old["metadata"]["name"]
        # Controllers write statuses and annotations at any time, which is no conflict.
        same = {"uid": old["metadata"]["uid"]}
        body = {**patch, "metadata": {**patch.get("metadata", {}), **same}}
        cluster.patch(resource, old["metadata"]["namespace"], name, body)


# ---- KServe, which splits the traffic between revisions


def _canary(
    cluster: Cluster, found: Sequence[Found], weights: Mapping[str, int], *, dry_run: bool
) -> Applied:
    """Give the newest revision of an InferenceService its percentage; the one before gets the rest."""
    one = found[0]
    if len(found) > 1:
        names = ", ".join(each.serving.object_name for each in found)
        raise SpecError(f'several InferenceServices belong to "{one.serving.name}"', f"choose one of {names}")
    newest, before = revisions(one.obj)
    words = {"latest": newest, "previous": before}
    named = {words.get(word, word): weight for word, weight in weights.items()}
    known = {newest, before} - {""}
    if unknown := [word for word in named if word not in known]:
        raise NotFound(
            f'serving "{one.serving.name}" has no revision "{unknown[0]}" that could get traffic',
            f"write latest and previous, or {' and '.join(sorted(known)) or 'wait until it has one'}",
        )
    percent = named.get(newest, 0)
    value = None if percent == 100 else percent

    def amend(now: Found) -> Object:
        changed: Object = manifests.patch(now.obj, {"spec": {"predictor": {"canaryTrafficPercent": value}}})
        return changed

    made = change.apply(cluster, one, amend, dry_run=dry_run)
    by = f"canaryTrafficPercent of InferenceService {one.serving.object_name}"
    return Applied(name=one.serving.name, weights=dict(weights), by=by, objects=[made.patch])


def revisions(obj: Object) -> tuple[str, str]:
    """The newest revision of an InferenceService, and the one that was rolled out before; "" if unknown."""
    predictor = ((obj.get("status") or {}).get("components") or {}).get("predictor") or {}
    newest = str(predictor.get("latestCreatedRevision") or "")
    rolled = str(predictor.get("latestRolledoutRevision") or "")
    before = rolled if rolled != newest else str(predictor.get("previousRolledoutRevision") or "")
    return newest, before
