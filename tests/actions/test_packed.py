"""Objects that are kept as bytes."""

import pytest

from arena.actions.jobs.packed import GROUP, Packed


@pytest.mark.parametrize("count", [0, 1, GROUP, GROUP + 1, 3 * GROUP])
def test_objects_come_back_in_their_order(count: int) -> None:
    """However many there are, all are there each time, also those that are nested too deeply to be packed."""
    deep: dict[str, object] = {}
    for _ in range(3000):
        deep = {"deep": deep}
    objects = [{"name": f"job-{number}", "labels": {"a": "b"}} for number in range(count)]
    packed = Packed(iter(objects))
    assert list(packed) == list(packed) == objects
    assert [one.get("name") for one in Packed([*objects, deep])] == [*(one["name"] for one in objects), None]
