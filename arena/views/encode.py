"""Plain data to JSON, YAML or names; never made from a table, never changed by the terminal."""

import json
from typing import Any

from arena import visible


def encode(data: Any, form: str) -> str:
    """Data of mappings, lists, text and numbers as `json` or `yaml` text without a final line end."""
    if form == "json":
        return visible.json(json.dumps(data, indent=2, ensure_ascii=False))
    return visible.yaml(_yaml(data)).rstrip("\n")


def _yaml(data: Any) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Quotes what needs escapes."""

    def text(dumper: Any, value: str) -> Any:
        kept = visible.encodable(value)
        return dumper.represent_scalar("tag:yaml.org,2002:str", kept, style=visible.yaml_style(kept))

    Dumper.add_representer(str, text)
    return yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True)
