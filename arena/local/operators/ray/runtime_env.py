"""The environment that a RayJob asks for: its variables are set, the rest is up to the user."""

from arena.local import yaml_text
from arena.tuples import NamedTuple


class RuntimeEnv(NamedTuple):
    """The variables of an environment, and what else it asks for, such as `pip`."""

    variables: dict[str, str]
    others: tuple[str, ...] = ()


def read(text: str | None) -> RuntimeEnv:
    """The environment in a `runtimeEnvYAML`.

    Raises:
        ValueError: it is not a mapping in YAML.
    """
    found = yaml_text.mapping(text or "")
    variables = found.get("env_vars") or {}
    if not isinstance(variables, dict):
        raise ValueError("env_vars is not a mapping")
    others = tuple(str(name) for name in found if name != "env_vars")
    return RuntimeEnv({str(name): str(value) for name, value in variables.items()}, others)
