"""Whether the usage of pods and nodes is measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arena.errors import MissingOperator, Unreachable
from arena.model.checks import NOTE, OK, WARNING, Check

if TYPE_CHECKING:
    from arena.session import Session

REMEDY = "install metrics-server: https://github.com/kubernetes-sigs/metrics-server"


def check(session: Session) -> Iterator[Check]:
    """Yield whether metrics.k8s.io answers, which `arena top` and autoscalers read."""
    try:
        measured = any(True for _ in session.cluster().metrics("pods", session.namespace)) or any(
            True for _ in session.cluster().metrics("nodes")
        )
    except MissingOperator:
        message = "nothing measures CPU and memory: servings cannot be scaled by them"
        yield Check(id="metrics", state=NOTE, message=message, remedy=REMEDY)
        return
    except Unreachable as error:
        message = f"the metrics server does not answer: {error.message}"
        yield Check(id="metrics", state=WARNING, message=message,
                    remedy="kubectl get apiservice v1beta1.metrics.k8s.io -o yaml")  # fmt: skip
        return
    told = "CPU and memory are measured" if measured else "CPU and memory can be measured; nothing was yet"
    yield Check(id="metrics", state=OK, message=told)
