"""Where a setting comes from: flag, environment, job file, project, user, administrator, built-in.

Each source is read into a `Layer`; `resolve` combines the layers and remembers for every setting which layer
it came from. A project file may be a stranger's: the layer also contains the values that are ignored until
the user trusts the file, so that they can be reported.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from arena import ownership, private, yamlfile
from arena.errors import SpecError
from arena.paths import StrPath, upward
from arena.settings import KEYS, SECTION, flat, typed
from arena.tuples import NamedTuple

PROJECT = ".arena.yaml"
ENVIRONMENT = "environment"
"""The origin of settings from ARENA_* variables."""
UNTRUSTED = "it is not trusted"
"""Why a part of a project file is ignored."""
_LARGEST = 1 << 20
_DEEPEST = 20
_LEGACY = {
    "namespace": "namespace",
    "imagePullSecrets": "image-pull-secrets",
    "tfjob_role_sequence": "tfjob-role-sequence",
    "prometheus_address": "prometheus-address",
    "prometheus_token": "prometheus-token",
}
_PLAIN_NAMES = ("PROMETHEUS_ADDRESS", "PROMETHEUS_TOKEN")

Safe = Callable[[str, str], bool]
"""(kind, option) -> whether an untrusted file may set it."""


class Setting(NamedTuple):
    """A value and its origin, for display."""

    value: Any
    origin: str


class Ignored(NamedTuple):
    """The ignored parts of a project file."""

    origin: str
    why: str
    values: Mapping[str, Any]
    """Values by key; empty if the whole file is ignored unread."""
    wanted: frozenset[str] = frozenset()
    """The keys that no stronger layer has, so that the file would have determined them."""


class Layer(NamedTuple):
    """The settings of one source."""

    origin: str
    values: Mapping[str, Any]
    ignored: Ignored | None = None


class Settings(Mapping[str, Setting]):
    """All settings, each from the strongest layer that has it."""

    def __init__(
        self, known: Mapping[str, Setting], layers: tuple[Layer, ...] = (), ignored: Ignored | None = None
    ) -> None:
        self._known = dict(known)
        self.layers = layers
        self.ignored = ignored

    def __getitem__(self, key: str) -> Setting:
        return self._known[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def text(self, key: str) -> str:
        """A setting as text; "" if it is not set."""
        found = self._known.get(key)
        return "" if found is None or found.value is None else str(found.value)

    def defaults(self, kind: str) -> list[dict[str, Setting]]:
        """The default options of a job kind, by option: those of each layer, the strongest last."""
        prefix = f"{SECTION}.{kind}."
        return [
            {
                key.removeprefix(prefix): Setting(value, layer.origin)
                for key, value in layer.values.items()
                if key.startswith(prefix) and value is not None
            }
            for layer in reversed(self.layers)
        ]

    def below(self, *weaker: Layer) -> "Settings":
        """Add weaker layers, such as the administrator's once a cluster is known."""
        return resolve((*self.layers, *weaker))


def resolve(layers: Iterable[Layer]) -> Settings:
    """Combine the layers, the strongest first; None is not a value.

    The built-in values are always the weakest.
    """
    kept = tuple(layers)
    builtin = {name: key.builtin for name, key in KEYS.items()}
    found: dict[str, Setting] = {}
    ignored = None
    for layer in (*kept, Layer("built-in", builtin)):
        if layer.ignored:
            ignored = layer.ignored._replace(wanted=frozenset(layer.ignored.values.keys() - found.keys()))
        for key, value in layer.values.items():
            if value is not None:
                found.setdefault(key, Setting(value, layer.origin))
    return Settings(found, kept, ignored)


def load(
    flags: Mapping[str, Any],
    environ: Mapping[str, str],
    folder: StrPath,
    safe: Safe = lambda kind, option: False,
) -> Settings:
    """Load every setting that needs no cluster; raises SpecError if a file is wrong.

    Args:
        flags: the settings of the command line, by key.
        environ: the environment.
        folder: where the search for a project file begins, upwards.
        safe: which options of kinds an untrusted project file may set.
    """
    own = project(folder, environ, safe)
    read = (flag_layer(flags), environment(environ), own, user(environ), legacy(environ))
    return resolve(layer for layer in read if layer is not None)


def flag_layer(flags: Mapping[str, Any]) -> Layer:
    """The layer of the command line."""
    return Layer("flag", {key: value for key, value in flags.items() if value not in (None, "")})


def environment(environ: Mapping[str, str]) -> Layer:
    """The layer of ARENA_* variables; variables without a known key are ignored."""
    values: dict[str, Any] = {}
    for name in KEYS:
        variable = f"ARENA_{_variable(name)}"
        plain = _variable(name)
        text = environ.get(variable) or (environ.get(plain) if plain in _PLAIN_NAMES else None)
        if text:
            values[name] = typed(name, text, variable)
    return Layer(ENVIRONMENT, values)


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")


def nearest(folder: StrPath) -> str | None:
    """The project file at or above a folder; None if there is none."""
    files = (os.path.join(one, PROJECT) for one in upward(os.path.abspath(folder)))
    return next((one for one in files if os.path.isfile(one)), None)


def project(
    folder: StrPath, environ: Mapping[str, str], safe: Safe = lambda kind, option: False
) -> Layer | None:
    """The layer of the nearest `.arena.yaml` at or above a folder.

    A file that others can change is not even read. Of an untrusted one, only safe settings apply.
    """
    path = nearest(folder)
    if path is None:
        return None
    if why := _weakness(path):
        return Layer(path, {}, Ignored(path, why, {}))
    from arena import trust  # projects are few

    content, values = _content(path)
    unsafe = _unsafe(values, safe)
    if not unsafe or trust.is_trusted(environ, path, content):
        return Layer(path, values)
    kept = {key: value for key, value in values.items() if key not in unsafe}
    return Layer(path, kept, Ignored(path, UNTRUSTED, unsafe))


def project_file(path: str, safe: Safe) -> tuple[bytes, dict[str, Any]]:
    """The content of a project file, and the part that needs trust, by key.

    Raises:
        SpecError: it cannot be read, or others can change it, so that trust would be meaningless.
    """
    content, values = _content(path, own(path))
    return content, _unsafe(values, safe)


def _content(path: str, content: bytes | None = None) -> tuple[bytes, dict[str, Any]]:
    content = yamlfile.read(path, path, _LARGEST) if content is None else content
    return content, flat(_mapping(_decoded(path, content), path), path)


def _unsafe(values: Mapping[str, Any], safe: Safe) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None and not _is_safe(key, safe)}


def _is_safe(key: str, safe: Safe) -> bool:
    section, _, rest = key.partition(".")
    kind, _, option = rest.partition(".")
    return safe(kind, option) if section == SECTION else KEYS[key].safe


def _weakness(path: str) -> str:
    try:
        return ownership.weakness(path)
    except OSError as cause:
        return f"it cannot be checked: {cause.strerror or cause}"


def user(environ: Mapping[str, str]) -> Layer | None:
    """The layer of the user's `config.yaml`; raises SpecError if others may write it."""
    path = user_file(environ)
    return Layer(path, _content(path, own(path))[1]) if os.path.lexists(path) else None


def user_file(environ: Mapping[str, str]) -> str:
    """The file with the user's settings."""
    return os.path.join(private.of_user(environ, "XDG_CONFIG_HOME", ".config"), "config.yaml")


def legacy(environ: Mapping[str, str]) -> Layer | None:
    """The layer of the Go arena's file: `key=value` lines; its other keys are ignored, as there."""
    named = environ.get("ARENA_CONFIG")
    path = os.path.expanduser(named or os.path.join(private.home(environ), ".arena", "config"))
    if not named and not os.path.lexists(path):
        return None
    values: dict[str, Any] = {}
    for line in _decoded(path, own(path)).splitlines():
        key, equals, value = line.partition("=")
        name = _LEGACY.get(key.strip())
        if equals and name and not line.lstrip().startswith("#"):
            values[name] = typed(name, value.strip(), path)
    return Layer(path, values)


def administrator(data: Mapping[str, str]) -> Layer:
    """The layer of the ConfigMap `arena-config`, given its data.

    `config.yaml` holds settings like the user's file; a setting may also be a key of the ConfigMap.
    """
    origin = "administrator"
    values = {} if "config.yaml" not in data else flat(_mapping(data["config.yaml"], origin), origin)
    if personal := [key for key in values if key in KEYS and KEYS[key].personal]:
        raise SpecError(
            f'{origin} may not set "{personal[0]}"', "put it into your own config.yaml, or use the flag"
        )
    for name, text in data.items():
        if name in KEYS and not KEYS[name].personal:
            values.setdefault(name, typed(name, text, origin))
    return Layer(origin, values)


def own(path: str) -> bytes:
    """The content of a file of the user.

    Raises:
        SpecError: it cannot be read, or others may write it.
    """
    why = _weakness(path)
    if why and os.path.exists(path):
        raise SpecError(
            f"{path} is not safe to use: {why}",
            "make it yours, and writable only by you: chmod go-w",
        )
    return yamlfile.read(path, path, _LARGEST)


def _decoded(path: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as cause:
        raise SpecError(f"{path} is not UTF-8 text", "save it as UTF-8") from cause


def _mapping(text: str, origin: str) -> dict[str, Any]:
    data = yamlfile.absent(yamlfile.parse(text, origin, _DEEPEST, written=True))
    if not isinstance(data, dict | None):
        raise SpecError(f"{origin} does not contain settings", "write them as: key: value")
    return data or {}
