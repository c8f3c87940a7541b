"""Change servings that arena did not submit: their pod templates, since no options are recorded."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from arena import accelerators
from arena.actions.serving.find import Found
from arena.actions.submit.plan import templates
from arena.errors import SpecError
from arena.kinds import spec as specs
from arena.kinds.option_types import NamedValues
from arena.kinds.workload import environment, instances

Object = dict[str, Any]
Change = Callable[[Object, Object, Any], None]
"""(pod template, its main container, value) -> nothing; changes them in place."""


def amended(found: Found, changes: Mapping[str, object]) -> Object:
    """What the main object becomes with these options changed.

    Args:
        changes: by field, as `arena.kinds.spec.parse` takes them.

    Raises:
        SpecError: a value cannot be used, or without the recorded options it cannot be changed.
    """
    parsed = specs.partial(found.kind.spec, changes)
    live = copy.deepcopy(found.obj)
    for name in parsed:
        if name not in (*_CHANGES, "replicas", "label", "annotation"):
            known = ", ".join(f"--{one.replace('_', '-')}" for one in (*_CHANGES, "replicas"))
            raise SpecError(
                f"--{name.replace('_', '-')} cannot be changed: another tool made this serving",
                f"change one of {known}; or edit the {found.resource.kind} with kubectl",
            )
    pods = list(templates(live["spec"]))
    if not pods and parsed.keys() - {"replicas"}:
        raise SpecError(
            f"this {found.resource.kind} of another tool has no pod template",
            "edit it with kubectl",
        )
    _mark(live, pods, parsed)
    if "replicas" in parsed:
        live["spec"]["replicas"] = parsed["replicas"]
    for template in pods:
        container = _main(found, template)
        for name, value in parsed.items():
            if name in _CHANGES:
                _CHANGES[name](template, container, value)
    return live


def _mark(live: Object, pods: list[Object], parsed: Mapping[str, Any]) -> None:
    """Add labels and annotations."""
    for name, field in (("label", "labels"), ("annotation", "annotations")):
        for one in (live, *pods) if name in parsed else ():
            meta = one.setdefault("metadata", {})
            meta[field] = _joined(meta.get(field) or {}, parsed[name])


def _joined(old: Mapping[str, Any], given: Mapping[str, Any]) -> Object:
    removed = given.removed if isinstance(given, NamedValues) else ()
    return {**{key: value for key, value in old.items() if key not in removed}, **given}


def _main(found: Found, template: Object) -> Object:
    name = instances.main(template, found.kind.conventions.main_containers)
    containers: list[Object] = template["spec"]["containers"]
    return next(one for one in containers if one.get("name") == name)


def _image(template: Object, container: Object, value: str) -> None:
    container["image"] = value


def _command(template: Object, container: Object, value: str) -> None:
    container["command"] = ["sh", "-c", environment.literal(value)]
    container.pop("args", None)


def _env(template: Object, container: Object, value: Mapping[str, str]) -> None:
    removed = value.removed if isinstance(value, NamedValues) else ()
    new = {one["name"]: one for one in environment.variables(value)}
    there = [one for one in container.get("env") or () if one["name"] not in removed]
    kept = [new.pop(one["name"], one) for one in there]
    container["env"] = [*kept, *new.values()]


def _resource(name: str) -> Change:
    def change(template: Object, container: Object, value: Any) -> None:
        amounts = container.setdefault("resources", {})
        for part in ("requests", "limits"):
            if part == "limits" or name in (amounts.get(part) or {}):
                held = {key: one for key, one in (amounts.get(part) or {}).items() if key != name}
                amounts[part] = {**held, **({name: str(value)} if value else {})}

    return change


def _selector(template: Object, container: Object, value: Mapping[str, str]) -> None:
    template["spec"]["nodeSelector"] = _joined(template["spec"].get("nodeSelector") or {}, value)


def _toleration(template: Object, container: Object, value: Any) -> None:
    there = template["spec"].get("tolerations") or []
    made = [one.manifest() for one in value]
    template["spec"]["tolerations"] = [*there, *(one for one in made if one not in there)]


def _data(template: Object, container: Object, value: Any) -> None:
    mounts = container.setdefault("volumeMounts", [])
    volumes = template["spec"].setdefault("volumes", [])
    for one in value:
        if any(mount["mountPath"] == one.path for mount in mounts):
            continue
        claim = {"persistentVolumeClaim": {"claimName": one.source}}
        name = next((each["name"] for each in volumes if _claims(each, one.source)), "")
        if not name:
            name = f"data-{len(volumes)}"
            volumes.append({"name": name, **claim})
        mounts.append({"name": name, "mountPath": one.path})


def _claims(volume: Object, claim: str) -> bool:
    return (volume.get("persistentVolumeClaim") or {}).get("claimName") == claim


_CHANGES: Mapping[str, Change] = {
    "image": _image,
    "command": _command,
    "env": _env,
    "cpu": _resource("cpu"),
    "memory": _resource("memory"),
    "gpus": _resource(accelerators.NVIDIA),
    "gpumemory": _resource("aliyun.com/gpu-mem"),
    "gpucore": _resource("aliyun.com/gpu-core.percentage"),
    "selector": _selector,
    "toleration": _toleration,
    "data": _data,
}
