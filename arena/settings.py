"""The known settings, and how their values are read from files and variables."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from arena.errors import SpecError
from arena.tuples import NamedTuple
from arena.yamlfile import absent


class Key(NamedTuple):
    """A known setting."""

    about: str
    kind: type = str
    builtin: Any = None
    safe: bool = False
    """Whether an untrusted project file may set it, because it only describes jobs.

    A setting that can run code on this machine, read files outside of the project, or choose another cluster,
    context or credentials is not safe.
    """
    personal: bool = False
    """Whether the administrator of a cluster may not set it."""
    choices: tuple[str, ...] = ()
    highest: int = 0
    """The largest valid number."""
    pattern: str = ""
    """The pattern of the whole text."""
    example: str = ""


KEYS: dict[str, Key] = {
    "namespace": Key("the namespace to work in", safe=True),
    "context": Key("the kubeconfig context; local is the local cluster", personal=True),
    "kubeconfig": Key("the kubeconfig file", personal=True),
    "arena-namespace": Key(
        "the namespace of operators and of the administrator's settings", builtin="arena-system"
    ),
    "output": Key("how lists are printed", choices=("table", "wide", "json", "yaml", "name"), safe=True),
    "image": Key("the image of jobs without one", safe=True),
    "image-pull-secrets": Key("Secrets for pulling images", list),
    "queue": Key("the queue of jobs without one", safe=True),
    "priority": Key("the priority class of jobs without one", safe=True),
    "templates": Key("the folder with your own templates", personal=True),
    "tfjob-role-sequence": Key("the order in which the roles of a TFJob start", safe=True),
    "prometheus-address": Key("the address of GPU metrics"),
    "prometheus-token": Key("the token for GPU metrics", personal=True),
    "tensorboard-image": Key("the image of TensorBoard", safe=True),
    "patience": Key(
        "how long logs -f, wait and list -w continue while the cluster is away",
        builtin="10m",
        safe=True,
        pattern=r"\d{1,9}|(\d{1,9}[smhd])+",
        example="10m",
    ),
    "log-cache": Key(
        "the maximum size of cached logs on this machine, or off",
        builtin="200Mi",
        pattern=r"off|\d+[KMG]i",
        example="1Gi",
        personal=True,
    ),
    "stalled-after": Key(
        "how long a running job may be silent before get and logs -f say so, or off",
        builtin="15m",
        safe=True,
        pattern=r"off|\d{1,9}|(\d{1,9}[smhd])+",
        example="1h",
    ),
    "local-gpus": Key("the number of virtual GPUs of the local cluster", int, highest=1024, safe=True),
    "local-devices": Key(
        "other virtual devices of the local cluster",
        pattern=r"[a-z0-9.-]+/[\w.-]+=\d{1,4}(,[a-z0-9.-]+/[\w.-]+=\d{1,4})*",
        example="nvidia.com/mig-1g.5gb=7,amd.com/gpu=2",
        safe=True,
    ),
}

SECTION = "defaults"
"""The key below which every kind has its own options."""


def flat(data: Mapping[Any, Any], origin: str) -> dict[str, Any]:
    """The mapping with validated keys, and the options of kinds as `defaults.<kind>.<option>`.

    Raises:
        SpecError: a key is unknown, or a value cannot be used; the message contains the origin.
    """
    found: dict[str, Any] = {}
    for key, value in data.items():
        name = str(key).replace("_", "-")
        if name == SECTION:
            found |= _options(value, origin)
            continue
        known = KEYS.get(name)
        if known is None:
            raise SpecError(f'{origin} has an unknown key "{key}"', suggestion(name, [*KEYS, SECTION]))
        found[name] = typed(name, absent(value), origin)
    return found


def _options(value: Any, origin: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict) or not all(isinstance(absent(one), dict | None) for one in value.values()):
        raise SpecError(
            f"{origin}: {SECTION} must map kinds to options", "write: defaults: {tfjob: {gpus: 1}}"
        )
    for kind, options in value.items():
        for option, default in (absent(options) or {}).items():
            yield f"{SECTION}.{kind}.{str(option).replace('_', '-')}", absent(default)


def suggestion(word: str, known: Sequence[str]) -> str:
    """`did you mean "x"`, or the valid words."""
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1)
    return f'did you mean "{near[0]}"' if near else f"known: {', '.join(sorted(known))}"


def typed(name: str, value: Any, origin: str) -> Any:
    """Convert a value to the type of its key, also from text; raises as `flat`."""
    kind = KEYS[name].kind
    if value is None:
        return None
    if kind is list:
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list) or not all(isinstance(one, str) for one in parts):
            raise SpecError(f'{origin}: "{name}" must be a list of names', "separate them by commas")
        return [one.strip() for one in parts if one.strip()]
    if kind is int:
        return _number(name, value, origin)
    if isinstance(value, dict | list):
        raise SpecError(f'{origin}: "{name}" must be text', "put it into quotes")
    if KEYS[name].choices and value not in KEYS[name].choices:
        raise SpecError(
            f'{origin}: "{name}" cannot be {str(value)[:80]!r}', f"choose {', '.join(KEYS[name].choices)}"
        )
    if not re.fullmatch(KEYS[name].pattern or ".*", str(value), re.DOTALL):
        text = f'{origin}: "{name}" cannot be {str(value)[:80]!r}'
        raise SpecError(text, f"write it like {KEYS[name].example}")
    return str(value)


def _number(name: str, value: Any, origin: str) -> int:
    word, highest = str(value).strip(), KEYS[name].highest
    if not re.fullmatch(r"[0-9]{1,9}", word) or int(word) > highest:
        text = f'{origin}: "{name}" must be a whole number of at most {highest}, not {word[:80]!r}'
        raise SpecError(text, "correct it")
    return int(word)
