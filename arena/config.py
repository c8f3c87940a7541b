"""Where a setting comes from: flag, environment, job file, project, user, administrator, built-in.

Each source is read into a `Layer`; `resolve` lays them over each other and remembers for every setting
which layer it came from. Keys are words joined by `-`; below `defaults` stand a kind and one of its
options: `defaults.pytorchjob.image`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from arena import yamlfile
from arena.errors import SpecError

PROJECT = ".arena.yaml"
_LARGEST = 1 << 20
_DEEPEST = 20


class Setting(NamedTuple):
    """A value and where it came from, for people."""

    value: Any
    origin: str


class Key(NamedTuple):
    """A known setting.

    `personal` ones are taken neither from a project file, which may come from a stranger's
    repository, nor from the administrator.
    """

    about: str
    kind: type = str
    builtin: Any = None
    personal: bool = False
    choices: tuple[str, ...] = ()
    highest: int = 0
    """The largest number that makes sense."""


KEYS: dict[str, Key] = {
    "namespace": Key("the namespace to work in"),
    "context": Key("the kubeconfig context; local is the local cluster", personal=True),
    "kubeconfig": Key("the kubeconfig file", personal=True),
    "arena-namespace": Key(
        "the namespace of operators and of the administrator's settings", builtin="arena-system"
    ),
    "output": Key("how lists are printed", choices=("table", "wide", "json", "yaml", "name")),
    "image": Key("the image of jobs that name none"),
    "image-pull-secrets": Key("secrets with which images are pulled", list),
    "queue": Key("the queue of jobs that name none"),
    "priority": Key("the priority class of jobs that name none"),
    "templates": Key("the folder of own templates", personal=True),
    "tfjob-role-sequence": Key("the order in which the roles of a TFJob start"),
    "prometheus-address": Key("where GPU metrics are asked for"),
    "prometheus-token": Key("the token for it", personal=True),
    "tensorboard-image": Key("the image of TensorBoard"),
    "local-gpus": Key("how many virtual GPUs the local cluster offers", int, highest=1024),
}

SECTION = "defaults"
"""The key below which every kind has its own options."""

_LEGACY = {
    "namespace": "namespace",
    "imagePullSecrets": "image-pull-secrets",
    "tfjob_role_sequence": "tfjob-role-sequence",
    "prometheus_address": "prometheus-address",
    "prometheus_token": "prometheus-token",
}
_PLAIN_NAMES = ("PROMETHEUS_ADDRESS", "PROMETHEUS_TOKEN")


class Layer(NamedTuple):
    """The settings of one source."""

    origin: str
    values: Mapping[str, Any]


class Settings(Mapping[str, Setting]):
    """All settings, each from the strongest layer that has it."""

    def __init__(self, known: Mapping[str, Setting], layers: tuple[Layer, ...] = ()) -> None:
        self._known = dict(known)
        self.layers = layers

    def __getitem__(self, key: str) -> Setting:
        return self._known[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def text(self, key: str) -> str:
        """A setting as text, or "" where nothing is set."""
        found = self._known.get(key)
        return "" if found is None or found.value is None else str(found.value)

    def defaults(self, kind: str) -> dict[str, Setting]:
        """The default options of a job kind, by option."""
        prefix = f"{SECTION}.{kind}."
        return {key.removeprefix(prefix): one for key, one in self._known.items() if key.startswith(prefix)}

    def below(self, *weaker: Layer) -> "Settings":
        """These settings with weaker layers added, such as the administrator's once a cluster is known."""
        return resolve((*self.layers, *weaker))


def resolve(layers: Iterable[Layer]) -> Settings:
    """Lay the layers over each other, the strongest first; None is not a value.

    The built-in values are always the weakest.
    """
    kept = tuple(layers)
    builtin = {name: key.builtin for name, key in KEYS.items()}
    found: dict[str, Setting] = {}
    for layer in (*kept, Layer("built-in", builtin)):
        for key, value in layer.values.items():
            if value is not None:
                found.setdefault(key, Setting(value, layer.origin))
    return Settings(found, kept)


def load(flags: Mapping[str, Any], environ: Mapping[str, str], folder: Path) -> Settings:
    """Every setting that needs no cluster; SpecError where a file is wrong.

    Args:
        flags: what the command line says, by key.
        environ: the environment.
        folder: where the search for a project file begins, upwards.
    """
    read = (flag_layer(flags), environment(environ), project(folder), user(environ), legacy(environ))
    return resolve(layer for layer in read if layer is not None)


def flag_layer(flags: Mapping[str, Any]) -> Layer:
    """The layer of the command line."""
    return Layer("flag", {key: value for key, value in flags.items() if value not in (None, "")})


def environment(environ: Mapping[str, str]) -> Layer:
    """The layer of ARENA_* variables; others than those of known keys are no settings."""
    values: dict[str, Any] = {}
    for name in KEYS:
        variable = f"ARENA_{_variable(name)}"
        plain = _variable(name)
        text = environ.get(variable) or (environ.get(plain) if plain in _PLAIN_NAMES else None)
        if text:
            values[name] = _typed(name, text, variable)
    return Layer("environment", values)


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")


def project(folder: Path) -> Layer | None:
    """The layer of the nearest `.arena.yaml` at or above a folder."""
    start = folder.absolute()
    path = next((one / PROJECT for one in (start, *start.parents) if (one / PROJECT).is_file()), None)
    return None if path is None else _from_file(path, personal=False)


def user(environ: Mapping[str, str]) -> Layer | None:
    """The layer of the user's `config.yaml`."""
    path = user_file(environ)
    return _from_file(path, personal=True) if path.is_file() else None


def user_file(environ: Mapping[str, str]) -> Path:
    """Where the user's settings are kept."""
    base = environ.get("XDG_CONFIG_HOME") or str(_home(environ) / ".config")
    return Path(base) / "arena" / "config.yaml"


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()


def legacy(environ: Mapping[str, str]) -> Layer | None:
    """The layer of the Go arena's file: `key=value` lines; its other keys are passed over, as there."""
    named = environ.get("ARENA_CONFIG")
    path = Path(named).expanduser() if named else _home(environ) / ".arena" / "config"
    if not named and not path.is_file():
        return None
    values: dict[str, Any] = {}
    for line in _text(path).splitlines():
        key, equals, value = line.partition("=")
        name = _LEGACY.get(key.strip())
        if equals and name and not line.lstrip().startswith("#"):
            values[name] = _typed(name, value.strip(), str(path))
    return Layer(str(path), values)


def administrator(data: Mapping[str, str]) -> Layer:
    """The layer of the ConfigMap `arena-config`, given its data.

    `config.yaml` holds settings as the user's file does; a setting may also be a key of its own.
    """
    origin = "administrator"
    values = {} if "config.yaml" not in data else _flat(_mapping(data["config.yaml"], origin), origin, False)
    for name, text in data.items():
        if name in KEYS and not KEYS[name].personal:
            values.setdefault(name, _typed(name, text, origin))
    return Layer(origin, values)


def _from_file(path: Path, personal: bool) -> Layer:
    return Layer(str(path), _flat(_mapping(_text(path), str(path)), str(path), personal))


def _text(path: Path) -> str:
    try:
        return yamlfile.read(path, str(path), _LARGEST).decode()
    except UnicodeDecodeError as cause:
        raise SpecError(f"{path} is not UTF-8 text", "save it as UTF-8") from cause


def _mapping(text: str, origin: str) -> dict[str, Any]:
    data = yamlfile.parse(text, origin, _DEEPEST)
    if not isinstance(data, dict | None):
        raise SpecError(f"{origin} does not hold settings", "write them as: key: value")
    return data or {}


def _flat(data: Mapping[Any, Any], origin: str, personal: bool) -> dict[str, Any]:
    """The mapping with checked keys, the options of kinds as `defaults.<kind>.<option>`."""
    flat: dict[str, Any] = {}
    for key, value in data.items():
        name = str(key).replace("_", "-")
        if name == SECTION:
            flat |= _options(value, origin)
            continue
        known = KEYS.get(name)
        if known is None:
            raise SpecError(f'{origin} has an unknown key "{key}"', suggestion(name, [*KEYS, SECTION]))
        if known.personal and not personal:
            raise SpecError(
                f'{origin} may not set "{key}"', "put it into your own config.yaml, or use the flag"
            )
        flat[name] = _typed(name, value, origin)
    return flat


def _options(value: Any, origin: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict) or not all(isinstance(one, dict | None) for one in value.values()):
        raise SpecError(
            f"{origin}: {SECTION} must hold a mapping of options a kind", "say: defaults: {tfjob: {gpus: 1}}"
        )
    for kind, options in value.items():
        for option, default in (options or {}).items():
            yield f"{SECTION}.{kind}.{str(option).replace('_', '-')}", default


def suggestion(word: str, known: Sequence[str]) -> str:
    """`did you mean "x"`, or which words there are."""
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1)
    return f'did you mean "{near[0]}"' if near else f"known: {', '.join(sorted(known))}"


def _typed(name: str, value: Any, origin: str) -> Any:
    """A value as its key wants it: from text also numbers and comma lists."""
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
    if isinstance(value, dict | list | bool):
        raise SpecError(f'{origin}: "{name}" must be text', "put it into quotes")
    if KEYS[name].choices and value not in KEYS[name].choices:
        raise SpecError(
            f'{origin}: "{name}" cannot be {str(value)[:80]!r}', f"choose {', '.join(KEYS[name].choices)}"
        )
    return str(value)


def _number(name: str, value: Any, origin: str) -> int:
    convert: Callable[[Any], int] = int
    try:
        number = -1 if isinstance(value, bool | float) else convert(value)
    except (TypeError, ValueError):
        number = -1
    highest = KEYS[name].highest
    if not 0 <= number <= highest:
        text = f'{origin}: "{name}" must be a whole number of at most {highest}, not {str(value)[:80]!r}'
        raise SpecError(text, "correct it")
    return number
