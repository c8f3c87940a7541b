"""The definitions of resource types that a real cluster needs for a test: made, waited for, taken away."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from product import until
from reduction import file

from arena.kube import Cluster
from arena.resources import Resource
from arena.session import connect

DEFINITIONS = Resource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", False, kind="CustomResourceDefinition"
)


def connected(config: Path) -> Cluster:
    """A gateway that knows nothing of the cluster yet."""
    return connect(kubeconfig=str(config), environ={}).cluster()


def serves(config: Path, resource: Resource) -> bool:
    """Whether the cluster does, asked anew: a gateway remembers what it was told first."""
    return connected(config).serves(resource)


def define(kube: Cluster, config: Path, *resources: Resource) -> list[Resource]:
    """Make the definitions that the cluster lacks, and wait until it serves them; which these are."""
    missing = [one for one in resources if not serves(config, one)]
    files = [file(one.api_version, one.kind) for one in missing]
    for resource, path in zip(missing, files, strict=True):
        if not path.exists():
            pytest.skip(f"the cluster has no {resource.kind}, and its definition is not at hand")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for path in files:
        kube.create(DEFINITIONS, None, structural(yaml.load(path.read_text(encoding="utf-8"), loader)))
    for resource in missing:
        until(lambda resource=resource: serves(config, resource), 60, f"{resource.kind} served")
    return missing


def structural(node: Any) -> Any:
    """A definition whose arrays say of what they are; clusters refuse Seldon's as it is published."""
    if isinstance(node, dict):
        found = {name: structural(below) for name, below in node.items()}
        if found.get("type") == "array" and found.get("items") == {}:
            found["items"] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        return found
    return [structural(below) for below in node] if isinstance(node, list) else node


@contextmanager
def defined(kube: Cluster, config: Path, *resources: Resource) -> Iterator[None]:
    """The definitions of these types; those that were missing are gone afterwards."""
    made = define(kube, config, *resources)
    try:
        yield
    finally:
        for resource in made:
            kube.delete(DEFINITIONS, None, f"{resource.plural}.{resource.group}")
        for resource in made:
            until(lambda resource=resource: not serves(config, resource), 60, f"{resource.kind} gone")
