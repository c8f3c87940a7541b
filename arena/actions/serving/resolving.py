"""Find the names of the contents of a changed serving, and fill in what only the cluster has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arena.actions.serving import contents
from arena.actions.serving.find import Found
from arena.actions.serving.recorded_inputs import KEPT
from arena.actions.serving.renderings import Rendered
from arena.actions.submit.plan import DEPENDENTS
from arena.errors import NotFound
from arena.resources import SECRETS
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]


class Resolved(NamedTuple):
    """The contents of a changed serving."""

    names: dict[str, str]
    """KIND/NAME as a submit names them -> their names from now on, where these differ."""
    new: list[Object]
    """Those that the serving did not have."""
    kept: list[str]
    """KIND/NAME of those that it had until now."""


def resolved(cluster: Cluster, found: Found, before: Rendered, after: Rendered, suffix: str) -> Resolved:
    """The contents of a changed serving. What is not changed keeps its name, and is not read.

    Args:
        before: the manifests of its recorded options.
        after: those of the changed options.
        suffix: the end of the names of new Secrets.

    Raises:
        NotFound: a value that is not given is no longer in the cluster.
        NotAllowed: content that is changed may not be read.
    """
    known = contents.names(found.obj["metadata"].get("annotations") or {})
    names = {key: one["metadata"]["name"] for key, one in {**after.contents, **before.contents}.items()}
    names |= {key: name for key, name in known.items() if key in names}
    kept = [f"{one['kind']}/{names[key]}" for key, one in before.contents.items()]
    new = []
    for key, one in after.contents.items():
        was = before.contents.get(key)
        if was and contents.data(was) == contents.data(one):
            continue
        there = _there(cluster, found, one, names[key])
        whole = _filled(one, there)
        if there is None or contents.data(there) != contents.data(whole):
            made = contents.named(whole, suffix if one["kind"] == SECRETS.kind else "")
            names[key] = made["metadata"]["name"]
            new.append(made)
    changed = {key: name for key, name in names.items() if key in after.contents}
    return Resolved({key: name for key, name in changed.items() if not key.endswith(f"/{name}")}, new, kept)


def _there(cluster: Cluster, found: Found, one: Object, name: str) -> Object | None:
    try:
        return cluster.get(DEPENDENTS[one["kind"]], found.serving.namespace, name)
    except NotFound:
        return None


def _filled(one: Object, there: Object | None) -> Object:
    """The content with the values that are not given, as the cluster has them."""
    given = one.get("stringData") or {}
    missing = [name for name, value in given.items() if value == KEPT]
    if not missing:
        return one
    stored = (there or {}).get("data") or {}
    if lost := [name for name in missing if name not in stored]:
        raise NotFound(
            f"the Secret with {', '.join(lost)} is gone",
            " ".join(["give them again:", *(f"--secret {name}" for name in lost)]),
        )
    rest = {name: value for name, value in given.items() if name not in missing}
    filled = {**one, "data": {name: stored[name] for name in missing}}
    return {**filled, "stringData": rest} if rest else {k: v for k, v in filled.items() if k != "stringData"}
