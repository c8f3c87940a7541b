"""What a cluster has, and who one is to it."""

from __future__ import annotations

from arena.actions import evaluations as evaluating
from arena.actions import identity
from arena.actions import nodes as machines
from arena.inventory import Node, User
from arena.model import Evaluation
from arena.session import Session


def nodes(session: Session) -> list[Node]:
    """The machines of the cluster, and what is taken of them."""
    return machines.nodes(session.cluster())


def whoami(session: Session) -> User:
    """Who one is to the cluster, and whether one may do everything there."""
    known_as = (session.context.login if session.context else "") or session.user
    return identity.whoami(session.cluster(), known_as, session.settings.text("arena-namespace"))


def evaluations(session: Session, *, everywhere: bool = False) -> list[Evaluation]:
    """The evaluations of models in the session's namespace, or in all, the newest first."""
    return evaluating.evaluations(session.cluster(), None if everywhere else session.namespace)
