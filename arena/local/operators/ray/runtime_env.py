"""The environment that a RayJob asks for: its variables are set, the rest is up to the user."""

from typing import Any

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
    found = _parsed(text) if text else {}
    variables = found.get("env_vars") or {}
    if not isinstance(variables, dict):
        raise ValueError("env_vars is not a mapping")
    others = tuple(str(name) for name in found if name != "env_vars")
    return RuntimeEnv({str(name): str(value) for name, value in variables.items()}, others)


def _parsed(text: str) -> dict[Any, Any]:
    import yaml  # imported late, because few jobs need it

    try:
        found = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error).splitlines()[0] if str(error) else "it is no YAML") from error
    if not isinstance(found or {}, dict):
        raise ValueError("it is not a mapping")
    return found or {}
