"""Where the code of a job came from, as its object records."""

from collections.abc import Mapping

from arena import foreign_json, labels


def origin(notes: Mapping[str, str]) -> dict[str, str]:
    """The origin of a job's code, as far as its annotation can be read."""
    try:
        found = foreign_json.loads(notes.get(labels.CODE_ORIGIN, "{}"))
    except ValueError:  # edited by hand
        return {}
    return {key: str(value) for key, value in found.items()} if isinstance(found, dict) else {}
