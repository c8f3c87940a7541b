"""YAML in fields of objects, such as a RayJob's environment: its scalars stay as they are written."""

from typing import Any


def mapping(text: str) -> dict[str, Any]:
    """The mapping that the text is; {} if it is empty.

    Raises:
        ValueError: it is something else.
    """
    import yaml  # imported late, because few objects have such a field

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        found = yaml.load(text, Loader=loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError((str(error).splitlines() or ["it is not YAML"])[0]) from error
    if found and not isinstance(found, dict):
        raise ValueError("it is not a mapping")
    return found or {}


def document(text: str) -> dict[str, Any]:
    """The object that the text is, with numbers and booleans.

    Raises:
        ValueError: it is something else.
    """
    import yaml

    try:
        found = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError((str(error).splitlines() or ["it is not YAML"])[0]) from error
    if not isinstance(found, dict):
        raise ValueError("it is not a mapping")
    return found
