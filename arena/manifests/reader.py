"""Read YAML as plain data: only what JSON can express, within limits, and with lines in errors."""

from typing import Any

from arena import plain_yaml
from arena.errors import TemplateError

LIMIT = 1 << 20
"""Maximum bytes of a text."""
NODES = 100_000
"""Maximum number of values of a document once its aliases are expanded."""


def load_all(text: str, what: str, *, written: bool = False) -> list[Any]:
    """The documents of a YAML (or JSON) text, without empty ones.

    Args:
        text: at most 1 MiB.
        what: what messages call the text, such as a file name.
        written: whether to keep scalars as the text that is written, and nulls as `yamlfile.Null`.

    Raises:
        TemplateError: it is too long, not YAML, or expands beyond the limits.
    """
    if len(text.encode("utf-8", "surrogatepass")) > LIMIT:
        raise TemplateError(f"{what} is longer than 1 MiB", "shorten it")
    documents = plain_yaml.read(text, written=written)
    if documents is None:
        from arena.manifests import yaml_library

        documents = yaml_library.read(text, what, written=written)
    for one in documents:
        _size(one, {}, what)
    return documents


def load(text: str, what: str, *, written: bool = False) -> Any:
    """The only document of a YAML text, None if it is empty; raises as `load_all`, or for a second one."""
    documents = load_all(text, what, written=written)
    if len(documents) > 1:
        raise TemplateError(f"{what} contains {len(documents)} documents", "keep one, without ---")
    return documents[0] if documents else None


def _size(node: Any, known: dict[int, int], what: str) -> int:
    """The number of values of the node with its aliases expanded; each node is visited once."""
    if not isinstance(node, (dict, list)):
        return 1
    if id(node) not in known:
        known[id(node)] = NODES  # a node that occurs again while being counted contains itself
        parts = node.values() if isinstance(node, dict) else node
        known[id(node)] = 1 + sum(_size(part, known, what) for part in parts)
    if known[id(node)] >= NODES:
        raise TemplateError(f"{what} contains more than {NODES} values", "use fewer aliases")
    return known[id(node)]
