"""ResourceQuotas: checked when an object is created, with an up-to-date `status.used`."""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal

from arena.local.api import refusals
from arena.local.api.quantities import quantity
from arena.local.api.resource_types import STORED, Type
from arena.local.api.store import Rows, Store
from arena.local.objects import Object, sidecars

_KEY = "/resourcequotas"
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_MUST_SAY = tuple(f"{group}.{name}" for group in ("requests", "limits") for name in _COMPUTE[:2])

Amounts = dict[str, Decimal]


class Quotas:
    """Works inside the caller's transaction. Quotas with scopes are stored but not enforced."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def check(self, kind: Type, obj: Object) -> None:
        """Refuse an object that would exceed a quota of its namespace.

        Raises:
            Refused: 403, with the requested, used and allowed amounts.
        """
        name, namespace = obj["metadata"]["name"], obj["metadata"].get("namespace")
        for quota in self._of(namespace):
            hard = _hard(quota)
            asked = {key: value for key, value in _cost(kind, obj).items() if key in hard}
            self._said(kind, obj, quota, hard)
            used = self._used(quota)
            over = [key for key, value in asked.items() if value and used[key] + value > hard[key]]
            if over:
                texts = [
                    f"{word}: " + ",".join(f"{key}={show(amounts[key], key)}" for key in sorted(over))
                    for word, amounts in (("requested", asked), ("used", used), ("limited", hard))
                ]
                why = f"exceeded quota: {quota['metadata']['name']}, {', '.join(texts)}"
                raise refusals.forbidden(kind.resource, name, why)

    def _said(self, kind: Type, obj: Object, quota: Object, hard: Amounts) -> None:
        """Check that every container has the requests and limits that a quota on cpu or memory requires."""
        if kind.key != "/pods":
            return
        lacking = [key for key in hard if _plain(key) in _MUST_SAY and not _says(obj, _plain(key))]
        if lacking:
            what = f"failed quota: {quota['metadata']['name']}: must specify {','.join(sorted(lacking))}"
            names = [str(one["name"]) for one in obj["spec"].get("containers") or []]
            why = f"{what} for: {','.join(names)}"
            raise refusals.forbidden(kind.resource, obj["metadata"]["name"], why)

    def written(self, kind: Type, old: Object | None, new: Object) -> None:
        """Update the quotas after an object was created or changed."""
        if kind.key == _KEY or old is None or _cost(kind, old) != _cost(kind, new):
            self._refresh(new["metadata"].get("namespace"))

    def dropped(self, kind: Type, obj: Object) -> None:
        """Update the quotas after an object was removed."""
        if kind.key != _KEY:
            self._refresh(obj["metadata"].get("namespace"))

    def _of(self, namespace: str | None) -> list[Object]:
        if not namespace:
            return []
        rows = self._store.rows(Rows(_KEY, namespace))
        found = [json.loads(row.body) for row in rows]
        return [one for one in found if not _scoped(one)]

    def _refresh(self, namespace: str | None) -> None:
        for quota in self._of(namespace):
            used = {key: show(value, key) for key, value in self._used(quota).items()}
            status = {"hard": dict(quota["spec"].get("hard") or {}), "used": used}
            if quota.get("status") != status:
                self._store.put(_KEY, {**quota, "metadata": {**quota["metadata"]}, "status": status}, quota)

    def _used(self, quota: Object) -> Amounts:
        """What the namespace uses of the limited resources."""
        hard = _hard(quota)
        used = dict.fromkeys(hard, Decimal(0))
        for kind in STORED:
            if not _counted(kind, hard):
                continue
            for row in self._store.rows(Rows(kind.key, quota["metadata"]["namespace"])):
                for key, value in _cost(kind, json.loads(row.body)).items():
                    if key in used:
                        used[key] += value
        return used


def _scoped(quota: Object) -> bool:
    spec = quota.get("spec") or {}
    return bool(spec.get("scopes") or spec.get("scopeSelector"))


def _hard(quota: Object) -> Amounts:
    return {key: quantity(value) for key, value in ((quota.get("spec") or {}).get("hard") or {}).items()}


def _counted(kind: Type, hard: Iterable[str]) -> bool:
    names = _counts(kind)
    return kind.key == "/pods" or any(key in names or key.startswith("requests.storage") for key in hard)


def _counts(kind: Type) -> tuple[str, ...]:
    """The keys that count objects of the type."""
    resource = kind.resource
    full = f"count/{resource.plural}" + (f".{resource.group}" if resource.group else "")
    return (full,) if resource.group else (full, resource.plural)


def _cost(kind: Type, obj: Object) -> Amounts:
    """The usage of an object by resource; a pod that has ended only counts as an object."""
    if kind.key != "/pods":
        amounts = dict.fromkeys(_counts(kind), Decimal(1))
        if kind.key == "/persistentvolumeclaims":
            requests = (obj["spec"].get("resources") or {}).get("requests") or {}
            amounts["requests.storage"] = quantity(requests.get("storage", 0))
        return amounts
    amounts = {"count/pods": Decimal(1)}
    if (obj.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return amounts
    amounts["pods"] = Decimal(1)
    for group in ("requests", "limits"):
        for name, amount in taken(obj["spec"], group).items():
            amounts[f"{group}.{name}"] = amount
            if group == "requests" and name in _COMPUTE:
                amounts[name] = amount
    return amounts


def taken(spec: Object, group: str) -> Amounts:
    """The requests or limits of a pod: the maximum of the sum of all containers and any init container."""
    total: Amounts = {}
    initial = spec.get("initContainers") or []
    for container in [*(spec.get("containers") or []), *sidecars(spec)]:
        for name, amount in _asks(container, group).items():
            total[name] = total.get(name, Decimal(0)) + quantity(amount)
    for container in initial:
        for name, amount in _asks(container, group).items():
            total[name] = max(total.get(name, Decimal(0)), quantity(amount))
    return total


def _asks(container: Object, group: str) -> Mapping[str, object]:
    return (container.get("resources") or {}).get(group) or {}


def _plain(key: str) -> str:
    return f"requests.{key}" if key in _COMPUTE else key


def _says(pod: Object, key: str) -> bool:
    group, _, name = key.partition(".")
    return all(name in _asks(one, group) for one in pod["spec"].get("containers") or [])


def show(amount: Decimal, key: str) -> str:
    """Format an amount as a quantity: cpu in cores or thousandths, memory in the largest binary unit."""
    if amount != amount.to_integral_value():
        return f"{int(amount * 1000)}m"
    whole = int(amount)
    if "memory" in key or "storage" in key:
        for unit in ("Ti", "Gi", "Mi", "Ki"):
            size = 1024 ** ("KMGT".index(unit[0]) + 1)
            if whole and whole % size == 0:
                return f"{whole // size}{unit}"
    return str(whole)
