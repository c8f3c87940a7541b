"""What the webhook of LeaderWorkerSets sets and refuses."""

from collections.abc import Iterator

from arena.local.checks import share
from arena.local.definitions import set_defaults
from arena.local.field_errors import FieldError, invalid
from arena.local.formats import dns_1035
from arena.local.objects import Object
from arena.local.operators.lws.labels import SUBGROUP_EXCLUSIVE
from arena.local.operators.lws.rollout import limits

_TEMPLATE = "spec.leaderWorkerTemplate"
_SUBGROUP = f"{_TEMPLATE}.SubGroupPolicy.subGroupSize"
_ROLLING = "spec.rolloutStrategy.rollingUpdateConfiguration"
_MOST = 2**31 - 1


def fill(obj: Object) -> None:
    """Set the defaults, in place."""
    spec = obj["spec"]
    template = spec.get("leaderWorkerTemplate") or {}
    if template.get("restartPolicy") == "Default":  # as it was called at first
        template["restartPolicy"] = "None"
    set_defaults(spec, rolloutStrategy={}, networkConfig={})
    set_defaults(spec["networkConfig"], subdomainPolicy="Shared")
    set_defaults(spec["rolloutStrategy"], type="RollingUpdate", rollingUpdateConfiguration={})
    set_defaults(
        spec["rolloutStrategy"]["rollingUpdateConfiguration"], maxUnavailable=1, maxSurge=0, partition=0
    )


def check(obj: Object) -> Iterator[FieldError]:
    """What is wrong with a LeaderWorkerSet."""
    name, spec = obj["metadata"].get("name", ""), obj["spec"]
    size = spec["leaderWorkerTemplate"]["size"]
    yield from (invalid("metadata.name", name, why) for why in dns_1035(name))
    if size < 1:
        yield invalid(f"{_TEMPLATE}.size", size, "size must be equal or greater than 1")
    if spec["replicas"] * size > _MOST:
        why = f"the product of replicas and worker replicas must not exceed {_MOST}"
        yield invalid("spec.replicas", spec["replicas"], why)
    yield from _rollout(spec)
    if spec["leaderWorkerTemplate"].get("subGroupPolicy"):
        yield from _subgroups(spec["leaderWorkerTemplate"])
    elif given := (obj["metadata"].get("annotations") or {}).get(SUBGROUP_EXCLUSIVE):
        why = "cannot have subgroup-exclusive-topology without subGroupSize set"
        yield invalid(f"metadata.annotations.{SUBGROUP_EXCLUSIVE}", given, why)


def _rollout(spec: Object) -> Iterator[FieldError]:
    rolling = spec["rolloutStrategy"]["rollingUpdateConfiguration"]
    wrong = [
        one for name in ("maxUnavailable", "maxSurge") for one in share(f"{_ROLLING}.{name}", rolling[name])
    ]
    yield from wrong
    if rolling["partition"] < 0:
        why = "must be greater than or equal to 0"
        yield invalid(f"{_ROLLING}.partition", rolling["partition"], why)
    found = None if wrong else limits(spec)
    if found and found.wanted and not (found.surge or found.unavailable):
        why = "must not be 0 when `maxSurge` is 0"
        yield invalid(f"{_ROLLING}.maxUnavailable", rolling["maxUnavailable"], why)


def _subgroups(template: Object) -> Iterator[FieldError]:
    size, policy = template["size"], template["subGroupPolicy"]
    part = policy.get("subGroupSize") or 0
    if part < 1:
        yield invalid(_SUBGROUP, part, "subGroupSize must be equal or greater than 1")
        return
    if size % part and (size - 1) % part:
        yield invalid(_SUBGROUP, part, "size or size - 1 must be divisible by subGroupSize")
    if size < part:
        yield invalid(_SUBGROUP, part, "subGroupSize cannot be larger than size")
    if policy.get("subGroupPolicyType") == "LeaderExcluded" and (size - 1) % part:
        why = "size-1 must be divisible by subGroupSize when using LeaderExcluded"
        yield invalid(_SUBGROUP, part, why)


def check_change(old: Object, new: Object) -> Iterator[FieldError]:
    """What may not change."""
    before, after = (one["spec"]["leaderWorkerTemplate"].get("subGroupPolicy") for one in (old, new))
    if before and after and before.get("subGroupSize") != after.get("subGroupSize"):
        yield invalid(_SUBGROUP, after.get("subGroupSize"), "field is immutable")
    if after and not before:
        why = "cannot enable subGroupSize after the lws is already created"
        yield invalid(_SUBGROUP, after.get("subGroupSize"), why)
    if before and not after:
        yield invalid(_SUBGROUP, before.get("subGroupSize"), "cannot remove subGroupSize after enabled")
