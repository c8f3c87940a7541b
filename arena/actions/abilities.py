"""Which commands a user may use in a namespace, and what is missing for the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arena.actions import right_texts
from arena.actions.reviews import ACCESS, answer, may, may_everything
from arena.actions.usages import USAGES, Usage
from arena.errors import NotAllowed
from arena.model.permissions import Ability, Lack, Right
from arena.parallel import thread_pool

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

RULES = ACCESS._replace(plural="selfsubjectrulesreviews", kind="SelfSubjectRulesReview")
SOME_KINDS = "these kinds"
"""What a command that ranges over kinds lacks if the user may use some of them only."""


def abilities(session: Session) -> list[Ability]:
    """Whether this user may use each command in the namespace of the session, in the order of the manual.

    Commands for types that the cluster does not serve are omitted, as are rights on such types.

    Raises:
        NotAllowed: the user may not even ask.
    """
    cluster = session.cluster()
    served = _Served(cluster)
    wanted = {one: [*filter(served, right_texts.rights(_texts(one)))] for one in USAGES}
    every = dict.fromkeys(right for rights in wanted.values() for right in rights)
    held = _held(cluster, session.namespace, list(every))
    return [_ability(one, held, served) for one, rights in wanted.items() if rights and served.has(one)]


class _Served:
    """Whether the cluster serves the type of a right."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def __call__(self, right: Right) -> bool:
        plural = right.resource.partition("/")[0]
        return not right.group or self._cluster.served(right.group, plural) is not None

    def has(self, usage: Usage) -> bool:
        """Whether each right that a usage needs is about a type that is served, or about one of several."""
        return all(any(map(self, right_texts.rights([text]))) for text in usage.needs)


def _texts(usage: Usage) -> list[str]:
    return [*usage.needs, *(text for _, some in usage.helps for text in some)]


def _ability(usage: Usage, held: frozenset[Right], served: Callable[[Right], bool]) -> Ability:
    choices: dict[str, dict[object, list[Right]]] = {}
    lacking: list[Right] = []
    for text in usage.needs:
        for right in filter(served, right_texts.rights([text])):
            if chosen := right_texts.choice(text, right):
                choices.setdefault(chosen[0], {}).setdefault(chosen[1], []).append(right)
            elif right not in held:
                lacking.append(right)
    some: list[Right] = []
    for name, each in choices.items():
        absent = [right for rights in each.values() for right in rights if right not in held]
        if not any(held.issuperset(rights) for rights in each.values()):
            lacking += absent
        elif name in (right_texts.JOBS, right_texts.CRONS):
            some += absent
    missing = [_lack(lacking, ""), _lack(some, SOME_KINDS)]
    for effect, texts in usage.helps:
        missing.append(
            _lack([one for one in right_texts.rights(texts) if served(one) and one not in held], effect)
        )
    shown = tuple(one for one in missing if one.rights)
    return Ability(command=usage.command, allowed=not lacking, missing=shown)


def _lack(rights: Iterable[Right], effect: str) -> Lack:
    return Lack(rights=tuple(rights), effect=effect)


def _held(cluster: Cluster, namespace: str, wanted: Sequence[Right]) -> frozenset[Right]:
    """Those of the rights that the user has: by the rules of the user if the cluster knows all of them."""
    if may_everything(cluster):
        return frozenset(wanted)
    rules = _rules(cluster, namespace)
    known = [one for one in wanted if rules is not None and not one.clusterwide]
    asked = [one for one in wanted if one not in set(known)]
    with thread_pool() as threads:
        allowed = threads.map(lambda one: _may(cluster, namespace, one), asked)
        found = {one for one, is_held in zip(asked, allowed, strict=True) if is_held}
    return frozenset(found | {one for one in known if any(_covers(rule, one) for rule in rules or ())})


def _rules(cluster: Cluster, namespace: str) -> list[Mapping[str, Any]] | None:
    """The rules for the user in a namespace; None if the cluster does not know all, as with webhooks."""
    try:
        found = answer(cluster, RULES, {"spec": {"namespace": namespace}})
    except NotAllowed:
        return None
    complete = found and not found.get("incomplete")
    return list(found.get("resourceRules") or ()) if complete else None


def _covers(rule: Mapping[str, Any], right: Right) -> bool:
    """Whether a rule grants a right on all objects of a type."""
    subresource = right.resource.partition("/")[2]
    names = {"*", right.resource, f"*/{subresource}"} if subresource else {"*", right.resource}
    return (
        not rule.get("resourceNames")
        and bool({"*", right.verb} & set(rule.get("verbs") or ()))
        and bool({"*", right.group} & set(rule.get("apiGroups") or ()))
        and bool(names & set(rule.get("resources") or ()))
    )


def _may(cluster: Cluster, namespace: str, right: Right) -> bool:
    resource, _, subresource = right.resource.partition("/")
    about = {"verb": right.verb, "group": right.group, "resource": resource, "subresource": subresource}
    place = {} if right.clusterwide else {"namespace": namespace}
    return may(cluster, **about, **place)
