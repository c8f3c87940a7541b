"""The types of objects that can have a canary, and what each of them does for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from arena.actions.serving.canary import deployments, inferenceservices, seldondeployments
from arena.actions.serving.canary.state import Canary
from arena.actions.serving.change import Changed
from arena.actions.serving.find import Found
from arena.actions.serving.servers import Server
from arena.actions.serving.traffic import Applied
from arena.actions.serving.wait import Report
from arena.errors import SpecError
from arena.kinds.serving import kserve, seldon
from arena.resources import DEPLOYMENTS, Resource

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session


class Form(Protocol):
    """How servings of a type get a canary."""

    def check(self, cluster: Cluster, found: Found) -> None:
        """Raise an error if this serving, or no serving of this cluster, can have a canary."""

    def start(self, session: Session, canary: Canary) -> Canary:
        """Create the canary, without any traffic, and note it at its serving."""

    def wait(self, session: Session, canary: Canary, seconds: float, progress: Report) -> None:
        """Wait until the canary is ready."""

    def shift(self, session: Session, canary: Canary) -> Applied:
        """Give the canary its part of the traffic."""

    def sides(self, session: Session, canary: Canary) -> tuple[Server, Server]:
        """The instances of the serving as it was, and those of the canary."""

    def promote(self, session: Session, canary: Canary) -> Changed:
        """Let the serving run what its canary runs; may be called again."""

    def close(self, session: Session, canary: Canary) -> None:
        """End the canary after its promotion."""

    def roll_back(self, session: Session, canary: Canary, seconds: float, progress: Report) -> None:
        """Give all traffic back to the serving as it was, and end the canary; may be called again."""


FORMS: Mapping[Resource, Form] = {
    DEPLOYMENTS: deployments,
    kserve.SERVICES: inferenceservices,
    seldon.DEPLOYMENTS: seldondeployments,
}


def of(found: Found) -> Form:
    """How this serving gets a canary; raises SpecError if its type has none."""
    if form := FORMS.get(found.resource):
        return form
    name, kind = found.serving.name, found.kind.name
    raise SpecError(
        f"a {found.resource.kind} has no guarded canary",
        f"run the change beside it as another version (arena serve {kind} --name {name} --version V), "
        f"and split the traffic between both: arena serve traffic-split --name {name}",
    )
