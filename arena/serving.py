"""Servings from Python: `arena.serving.servings(session)` and the like.

::

    import arena

    session = arena.connect()
    spec = arena.CustomServingSpec(name="digits", version="1", image="...", restful_port=8080)
    arena.submit(session, spec)
    arena.serving.wait(session, "digits")
    print(arena.serving.serving(session, "digits").url)
"""

from __future__ import annotations

from arena.public_names import imported

TYPE_CHECKING = False  # as in `arena`
if TYPE_CHECKING:
    from typing import Any

    from arena.actions.serving.autoscale import autoscale
    from arena.actions.serving.bench.bench import bench
    from arena.actions.serving.delete import delete
    from arena.actions.serving.endpoint import endpoint
    from arena.actions.serving.find import serving
    from arena.actions.serving.forward import forward
    from arena.actions.serving.listing import servings
    from arena.actions.serving.logs import follow, logs
    from arena.actions.serving.metrics.top import top
    from arena.actions.serving.predict import predict
    from arena.actions.serving.restart import restart
    from arena.actions.serving.rollback import rollback
    from arena.actions.serving.scale import scale
    from arena.actions.serving.servers import Server
    from arena.actions.serving.traffic import split
    from arena.actions.serving.update import update
    from arena.actions.serving.wait import wait
    from arena.model.benchmarks import Benchmark, Load
    from arena.model.predictions import Prediction
    from arena.model.traffic import Traffic

_HOMES = {
    "actions.serving.bench.bench": "bench",
    "actions.serving.autoscale": "autoscale",
    "actions.serving.delete": "delete",
    "actions.serving.endpoint": "endpoint",
    "actions.serving.find": "serving",
    "actions.serving.forward": "forward",
    "actions.serving.listing": "servings",
    "actions.serving.logs": "follow logs",
    "actions.serving.metrics.top": "top",
    "actions.serving.predict": "predict",
    "actions.serving.restart": "restart",
    "actions.serving.rollback": "rollback",
    "actions.serving.scale": "scale",
    "actions.serving.servers": "Server",
    "actions.serving.traffic": "split",
    "actions.serving.update": "update",
    "actions.serving.wait": "wait",
    "model.benchmarks": "Benchmark Load",
    "model.predictions": "Prediction",
    "model.traffic": "Traffic",
}
"""Module -> the public names that it defines."""

__all__ = [
    "Benchmark",
    "Load",
    "Prediction",
    "Server",
    "Traffic",
    "autoscale",
    "bench",
    "delete",
    "endpoint",
    "follow",
    "forward",
    "logs",
    "predict",
    "restart",
    "rollback",
    "scale",
    "serving",
    "servings",
    "split",
    "top",
    "update",
    "wait",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    return imported(__name__, _HOMES, name)
