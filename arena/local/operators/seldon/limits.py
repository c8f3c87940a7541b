"""What a SeldonDeployment asks for, and the local cluster does not do."""

from collections.abc import Iterator

from arena.local.objects import Object

_OF_SPEC = {"transport": ("", "rest"), "serverType": ("", "rpc")}
"""The fields with an effect elsewhere, and the values that are what the local cluster does anyway."""
_OF_PREDICTORS = ("engineResources", "explainer", "shadow", "ssl", "svcOrchSpec")
_OF_COMPONENTS = ("hpaSpec", "kedaSpec", "pdbSpec")


def limits(spec: Object) -> str:
    """What of a spec has no effect, and why; "" if all of it has."""
    fields = ", ".join(_ignored(spec))
    why = "it has neither the executor of Seldon nor autoscalers of predictors"
    return f"the local cluster ignores {fields}: {why}" if fields else ""


def _ignored(spec: Object) -> Iterator[str]:
    """The paths of fields without effect."""
    yield from (name for name, usual in _OF_SPEC.items() if (spec.get(name) or "") not in usual)
    for number, predictor in enumerate(spec["predictors"]):
        path = f"predictors[{number}]"
        yield from (f"{path}.{name}" for name in _OF_PREDICTORS if predictor.get(name))
        if (predictor.get("graph") or {}).get("logger"):
            yield f"{path}.graph.logger"
        for index, part in enumerate(predictor.get("componentSpecs") or []):
            component = f"{path}.componentSpecs[{index}]"
            if index:
                yield component
            else:
                yield from (f"{component}.{name}" for name in _OF_COMPONENTS if part.get(name))
