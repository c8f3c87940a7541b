"""Requests and limits of containers, and the names of resources."""

from collections.abc import Iterator
from typing import Any

from arena.local import formats
from arena.local.api.quantities import is_quantity, quantity
from arena.local.checks import NEGATIVE, mapping
from arena.local.field_errors import FieldError, forbidden, invalid, missing

_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_QUOTA = (
    *(f"{prefix}{name}" for prefix in ("", "requests.", "limits.") for name in _COMPUTE),
    *("requests.storage", "pods", "resourcequotas", "services", "replicationcontrollers", "secrets"),
    *("configmaps", "persistentvolumeclaims", "services.nodeports", "services.loadbalancers"),
)
_COUNTS = _QUOTA[10:]
"""Resources that are counted in whole numbers, besides extended ones."""
_STANDARD = (*_QUOTA, "storage")


def is_huge(name: str) -> bool:
    """Whether it is memory in huge pages."""
    return name.startswith("hugepages-")


def _is_native(name: str) -> bool:
    return "/" not in name or "kubernetes.io/" in name


def may_exceed(name: str) -> bool:
    """Whether limits may be larger than requests."""
    return _is_native(name) and not is_huge(name)


def _is_extended(name: str) -> bool:
    quota = f"requests.{name}"
    return not (_is_native(name) or name.startswith("requests.") or list(formats.qualified(quota)))


def check_name(path: str, name: str) -> Iterator[FieldError]:
    """The errors of the name of any resource."""
    wrong = list(formats.qualified(name))
    yield from (invalid(path, name, why) for why in wrong)
    standard = name in _STANDARD or name.removeprefix("requests.").startswith("hugepages-")
    if not wrong and "/" not in name and not standard:
        yield invalid(path, name, "must be a standard resource type or fully qualified")


def check_container_name(path: str, name: str) -> Iterator[FieldError]:
    """The errors of the name of a resource of containers."""
    if name in _COMPUTE:
        return
    yield from check_name(path, name)
    if "/" not in name and not is_huge(name):
        yield invalid(path, name, "must be a standard resource for containers")
    elif not (_is_native(name) or _is_extended(name)):
        yield invalid(path, name, "doesn't follow extended resource name standard")


def check_quota_name(path: str, name: str) -> Iterator[FieldError]:
    """The errors of the name of a resource of quotas."""
    yield from check_name(path, name)
    if "/" not in name and name not in _QUOTA and "hugepages-" not in name:
        yield invalid(path, name, "must be a standard resource for quota")


def check_amount(path: str, name: str, amount: Any) -> Iterator[FieldError]:
    """The errors of an amount of a resource."""
    if not is_quantity(str(amount)):
        return
    number = quantity(amount)
    if number < 0:
        yield invalid(path, str(amount), NEGATIVE)
    if (name in _COUNTS or _is_extended(name)) and number % 1:
        yield invalid(path, amount, "must be an integer")
    if is_huge(name):
        page = quantity(name.partition("-")[2])
        if page <= 0 or number % page:
            yield invalid(path, str(amount), f"{amount} is not positive integer multiple of {name}")


def check(path: str, value: Any) -> Iterator[FieldError]:
    """The errors of the requests and limits of a container."""
    given = {group: mapping(mapping(value).get(group)) for group in ("limits", "requests")}
    limits, requests = given["limits"], given["requests"]
    for group, amounts in given.items():
        for name, amount in amounts.items():
            where = f"{path}.{group}[{name}]"
            yield from check_container_name(where, name)
            yield from check_amount(where, name, amount)
    for name, amount in requests.items():
        yield from _request(path, name, amount, limits)
    names = {*limits, *requests}
    if any(map(is_huge, names)) and not names & {"cpu", "memory"}:
        yield forbidden(path, "HugePages require cpu or memory")


def _request(path: str, name: str, amount: Any, limits: dict[str, Any]) -> Iterator[FieldError]:
    """The errors of a request that its limit does not allow."""
    if name not in limits:
        if not may_exceed(name):
            yield missing(f"{path}.limits", "Limit must be set for non overcommitable resources")
        return
    limit = limits[name]
    if amount == limit:
        return
    wanted, most = quantity(amount), quantity(limit)
    if wanted != most and not may_exceed(name):
        yield invalid(f"{path}.requests", str(amount), f"must be equal to {name} limit of {limit}")
    elif wanted > most:
        yield invalid(
            f"{path}.requests", str(amount), f"must be less than or equal to {name} limit of {limit}"
        )
