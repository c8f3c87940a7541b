"""Pods, those that run and those that are to be placed, as far as the scheduler looks at them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from arena.scheduling import amounts, selectors
from arena.tuples import NamedTuple
from arena.values import field, frozen

Object = Mapping[str, Any]
ANY_ADDRESS = "0.0.0.0"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


class Port(NamedTuple):
    """A port of the node that a pod takes."""

    number: int
    protocol: str
    address: str

    def conflicts(self, other: Port) -> bool:
        """Whether two pods with these ports cannot be on the same node."""
        if (self.number, self.protocol) != (other.number, other.protocol):
            return False
        return self.address == other.address or ANY_ADDRESS in (self.address, other.address)


class Term(NamedTuple):
    """Pods to be near to, or away from: those that it selects, in the same topology."""

    key: str
    selector: Object | None
    namespaces: frozenset[str] | None
    """None for all of them."""

    def selects(self, pod: Pod) -> bool:
        """Whether a pod is one of these."""
        there = self.namespaces is None or pod.namespace in self.namespaces
        return there and selectors.selects(self.selector, pod.labels)


class Spread(NamedTuple):
    """A hard topology spread constraint."""

    key: str
    skew: int
    selector: Object | None
    domains: int
    """The number of domains below which the emptiest one counts as empty."""
    any_node: bool
    """Whether nodes that the pod's selector and affinity exclude count, too."""
    untainted: bool
    """Whether only nodes count whose taints the pod tolerates."""


@frozen
class Pod:
    """A pod and what it asks of nodes."""

    name: str = ""
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    wants: Mapping[str, int] = field(default_factory=dict)
    ports: Sequence[Port] = ()
    priority: int = 0
    preempts: bool = True
    selector: Mapping[str, str] = field(default_factory=dict)
    required: Object | None = None
    """The required node affinity."""
    tolerations: Sequence[Object] = ()
    near: Sequence[Term] = ()
    away: Sequence[Term] = ()
    spread: Sequence[Spread] = ()
    claims: Sequence[str] = ()
    node: str = ""
    """Where it runs, or for which node others were ended in its favour; "" if it is to be placed."""
    ending: bool = False
    started: str = ""
    """When it started, as the API writes it."""

    @property
    def is_plain(self) -> bool:
        """Whether only resources, labels and taints decide where it goes."""
        return not (self.near or self.away or self.spread or self.ports or self.claims)


def pod(obj: Object, namespaces: Mapping[str, Mapping[str, str]] | None = None) -> Pod:
    """The pod of an object of the API, or of a template.

    Args:
        namespaces: the labels of the namespaces by name, for terms that select by them.
    """
    meta, spec = obj.get("metadata") or {}, obj["spec"]
    own = meta.get("namespace") or ""
    labels = meta.get("labels") or {}
    affinity = spec.get("affinity") or {}
    known = namespaces or {}
    return Pod(
        name=meta.get("name") or "",
        namespace=own,
        labels=labels,
        wants=amounts.requested(spec),
        ports=tuple(_ports(spec)),
        priority=spec.get("priority") or 0,
        preempts=spec.get("preemptionPolicy") != "Never",
        selector=spec.get("nodeSelector") or {},
        required=(affinity.get("nodeAffinity") or {}).get(REQUIRED),
        tolerations=spec.get("tolerations") or (),
        near=terms(affinity.get("podAffinity"), own, labels, known),
        away=terms(affinity.get("podAntiAffinity"), own, labels, known),
        spread=tuple(_spread(spec.get("topologySpreadConstraints") or (), labels)),
        claims=tuple(_claims(spec)),
        node=spec.get("nodeName") or (obj.get("status") or {}).get("nominatedNodeName") or "",
        ending="deletionTimestamp" in meta,
        started=(obj.get("status") or {}).get("startTime") or "",
    )


def _ports(spec: Object) -> Iterator[Port]:
    sidecars = (one for one in spec.get("initContainers") or () if one.get("restartPolicy") == "Always")
    for container in (*(spec.get("containers") or ()), *sidecars):
        for port in container.get("ports") or ():
            number = port.get("hostPort") or (spec.get("hostNetwork") and port.get("containerPort"))
            if number:
                yield Port(number, port.get("protocol") or "TCP", port.get("hostIP") or ANY_ADDRESS)


def terms(
    affinity: Object | None, own: str, labels: Mapping[str, str], known: Mapping[str, Mapping[str, str]]
) -> tuple[Term, ...]:
    """The required terms of an affinity or anti-affinity of a pod in the namespace `own`."""
    return tuple(_term(one, own, labels, known) for one in (affinity or {}).get(REQUIRED) or ())


def _term(term: Object, own: str, labels: Mapping[str, str], known: Mapping[str, Mapping[str, str]]) -> Term:
    names = set(term.get("namespaces") or ())
    chosen = term.get("namespaceSelector")
    everywhere = chosen is not None and not (chosen.get("matchLabels") or chosen.get("matchExpressions"))
    if chosen is not None:
        names |= {name for name, marks in known.items() if selectors.selects(chosen, marks)}
    elif not names:
        names = {own}
    selector = _with_keys(term.get("labelSelector"), term.get("matchLabelKeys"), labels)
    selector = _with_keys(selector, term.get("mismatchLabelKeys"), labels, "NotIn")
    return Term(term.get("topologyKey") or "", selector, None if everywhere else frozenset(names))


def _with_keys(
    selector: Object | None, keys: Iterable[str] | None, labels: Mapping[str, str], operator: str = "In"
) -> Object | None:
    """The selector, which also asks for the values that the pod itself has of some labels."""
    more = [
        {"key": key, "operator": operator, "values": [labels[key]]} for key in keys or () if key in labels
    ]
    if selector is None or not more:
        return selector
    return {**selector, "matchExpressions": [*(selector.get("matchExpressions") or ()), *more]}


def _spread(constraints: Iterable[Object], labels: Mapping[str, str]) -> Iterator[Spread]:
    for one in constraints:
        if one.get("whenUnsatisfiable", "DoNotSchedule") == "DoNotSchedule":
            yield Spread(
                key=one.get("topologyKey") or "",
                skew=one.get("maxSkew") or 1,
                selector=_with_keys(one.get("labelSelector"), one.get("matchLabelKeys"), labels),
                domains=one.get("minDomains") or 1,
                any_node=one.get("nodeAffinityPolicy") == "Ignore",
                untainted=one.get("nodeTaintsPolicy") == "Honor",
            )


def _claims(spec: Object) -> Iterator[str]:
    for volume in spec.get("volumes") or ():
        if name := (volume.get("persistentVolumeClaim") or {}).get("claimName"):
            yield name
