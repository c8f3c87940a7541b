"""The roles of docs/clusters.md, made from the rights that commands need."""

from collections.abc import Iterable, Iterator, Sequence

from arena.actions import right_texts
from arena.actions.usages import QUEUED, USAGES, Usage
from arena.model.permissions import VERBS, Right

BEGIN, END = "<!-- generated: tests/permissions.py -->", "<!-- end -->"
READING = ("list", "list -w", "get", "top job", "top job JOB", "wait", "logs", "logs -f", "events",
           "events JOB", "events JOB -w", "timeline", "diff", "data list", "cron list", "cron get",
           "evaluate list", "evaluate get")  # fmt: skip
WATCHING = ("submit", "submit --code", "submit --config-file", "submit --secret", "submit --tensorboard",
            "submit --wait", "submit --logs", "submit --replace", "delete", "delete -l")  # fmt: skip


def granted(usage: Usage, *, least: bool = False) -> set[Right]:
    """All rights of a usage, or those without which it does not work."""
    helps = () if least else (one for _, some in usage.helps for one in some)
    return set(right_texts.rights([*usage.needs, *helps]))


def rules(rights: Iterable[Right]) -> list[dict[str, list[str]]]:
    """The rules of a role that grants these rights, as few as possible, in their order."""
    verbs: dict[tuple[str, str], set[str]] = {}
    for one in rights:
        verbs.setdefault((one.group, one.resource), set()).add(one.verb)
    resources: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (group, resource), found in verbs.items():
        ordered = tuple(sorted(found, key=VERBS.index))
        resources.setdefault((group, ordered), []).append(resource)
    return [
        {"apiGroups": [group], "resources": plurals, "verbs": list(ordered)}
        for (group, ordered), plurals in resources.items()
    ]


def role(name: str, chosen: Sequence[Usage], *, clusterwide: bool = False) -> str:
    """The manifest of a role with the rights of these usages."""
    every = {one: None for usage in chosen for one in right_texts.rights(_texts(usage))}
    kind = "ClusterRole" if clusterwide else "Role"
    return _manifest(kind, name, rules(one for one in every if one.clusterwide is clusterwide))


def settings() -> str:
    """The manifests by which everybody may read the settings of the administrator."""
    rule = {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": ["arena-config"],
        "verbs": ["get"],
    }
    return (
        _manifest("Role", "arena-settings", [rule], "arena-system")
        + """---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: arena-settings
  namespace: arena-system
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: arena-settings}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:authenticated"}
"""
    )


def _manifest(kind: str, name: str, rules: Iterable[dict[str, list[str]]], namespace: str = "") -> str:
    place = f"  namespace: {namespace}\n" if namespace else ""
    lines = "".join(
        f"- {{{', '.join(f'{key}: {_listed(value)}' for key, value in one.items())}}}\n" for one in rules
    )
    head = f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {name}\n{place}"
    return f"{head}rules:\n{lines}"


def _listed(values: Sequence[str]) -> str:
    return f"[{', '.join(one or chr(34) * 2 for one in values)}]"


def _texts(usage: Usage) -> Iterator[str]:
    yield from usage.needs
    for _, some in usage.helps:
        yield from some


def page() -> str:
    """The generated part of docs/clusters.md."""
    chosen = {one.command: one for one in USAGES}
    roles = [
        ("Reading only", role("arena-reader", [chosen[one] for one in READING])),
        ("Submit, watch, delete", role("arena-submitter", [chosen[one] for one in (*READING, *WATCHING)])),
        ("All commands in a namespace", role("arena-user", USAGES)),
        ("All namespaces, nodes and the checks of submits", role("arena-all", USAGES, clusterwide=True)),
        ("The settings of the administrator, for everybody", settings()),
    ]
    manifests = "\n".join(f"#### {title}\n\n```yaml\n{text}```\n" for title, text in roles)
    rows = "".join(f"| `{one.command}` | {_cell(one.needs)} | {_helps(one)} |\n" for one in USAGES)
    table = f"| command | needs | and without these rights, lacks |\n|---|---|---|\n{rows}"
    return f"{BEGIN}\n\n{manifests}\n#### Each command\n\n{table}\n{END}\n"


def _cell(texts: Iterable[str]) -> str:
    """Rights as they are in the table; those that queues need are explained once."""
    shown = dict.fromkeys("QUEUES" if one.replace("@", "") in QUEUED else one for one in texts)
    return ", ".join(f"`{one}`" for one in shown)


def _helps(usage: Usage) -> str:
    return "; ".join(f"{effect}: {_cell(some)}" for effect, some in usage.helps)
