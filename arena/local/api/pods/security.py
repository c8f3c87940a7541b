"""Security contexts of pods and containers."""

from collections.abc import Iterator
from typing import Any

from arena.local import formats
from arena.local.checks import between, each, enum, fields, mapping, text, together, unique
from arena.local.field_errors import FieldError, forbidden, invalid, missing
from arena.local.objects import Object

_ID = between(0, 2**31 - 1)
_TYPES = ("Localhost", "RuntimeDefault", "Unconfined")


def _profile(kind: str, field: str) -> Any:
    """A seccomp or AppArmor profile, which has a name if it is a file of the node."""
    known = enum(*_TYPES)
    inside = text(formats.inside)

    def check(path: str, value: Any) -> Iterator[FieldError]:
        chosen, name = mapping(value).get("type"), mapping(value).get("localhostProfile")
        if not chosen:
            yield missing(f"{path}.type", f"type is required when {field} is set")
        else:
            yield from known(f"{path}.type", chosen)
        if chosen == "Localhost" and name is None:
            yield missing(f"{path}.localhostProfile", f"must be set when {kind} type is Localhost")
        elif chosen == "Localhost" and kind == "seccomp":
            yield from inside(f"{path}.localhostProfile", name)
        elif chosen != "Localhost" and name is not None:
            why = f"can only be set when {kind} type is Localhost"
            yield invalid(f"{path}.localhostProfile", value, why)

    return check


def _user_name(path: str, value: Any) -> Iterator[FieldError]:
    if value == "":
        yield invalid(path, value, "runAsUserName cannot be an empty string")


def _windows(path: str, value: Any) -> Iterator[FieldError]:
    yield from _user_name(f"{path}.runAsUserName", mapping(value).get("runAsUserName"))


_SHARED = {
    "appArmorProfile": _profile("AppArmor", "appArmorProfile"),
    "runAsGroup": _ID,
    "runAsUser": _ID,
    "seccompProfile": _profile("seccomp", "seccompProfile"),
    "windowsOptions": _windows,
}
_sysctls = together(each(fields({"name": text(formats.sysctl)}, required=("name",))), unique("name"))
pod = fields(
    {
        **_SHARED,
        "fsGroup": _ID,
        "fsGroupChangePolicy": enum("Always", "OnRootMismatch"),
        "seLinuxChangePolicy": enum("MountOption", "Recursive"),
        "supplementalGroups": each(_ID),
        "supplementalGroupsPolicy": enum("Merge", "Strict"),
        "sysctls": _sysctls,
    }
)
_container = fields({**_SHARED, "procMount": enum("Default", "Unmasked")})


def container(path: str, value: Any) -> Iterator[FieldError]:
    """The security context of a container."""
    yield from _container(path, value)
    if mapping(value).get("allowPrivilegeEscalation") is not False:
        return
    why = "cannot set `allowPrivilegeEscalation` to false and "
    if value.get("privileged"):
        yield invalid(path, value, f"{why}`privileged` to true")
    added = mapping(value.get("capabilities")).get("add") or []
    if "CAP_SYS_ADMIN" in added:
        yield invalid(path, value, f"{why}`capabilities.Add` CAP_SYS_ADMIN")


def check_host(path: str, spec: Object) -> Iterator[FieldError]:
    """The errors of namespaces of the node that exclude each other."""
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        why = "ShareProcessNamespace and HostPID cannot both be enabled"
        yield invalid(f"{path}.securityContext.shareProcessNamespace", True, why)
    if spec.get("hostUsers") is False:
        for name in ("hostNetwork", "hostPID", "hostIPC"):
            if spec.get(name):
                # A cluster writes two of the three fields with a capital letter.
                shown = name if name == "hostNetwork" else f"H{name[1:]}"
                yield forbidden(f"{path}.{shown}", "when `pod.Spec.HostUsers` is false")
