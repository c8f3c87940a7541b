"""Plain data to JSON, YAML or names; never made from a table, never changed by the terminal."""

import json
from typing import Any


def encode(data: Any, form: str) -> str:
    """Data of mappings, lists, text and numbers as `json` or `yaml` text without a final line end."""
    if form == "json":
        return json.dumps(data, indent=2, ensure_ascii=False)
    import yaml

    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True).rstrip("\n")
