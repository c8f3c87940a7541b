"""How lists show the traffic that the operator of a serving splits between its revisions."""

from datetime import datetime, timezone

import pytest

from arena.model.servings import RevisionShare, Serving, Share
from arena.views.noun import Layout, text_of_all
from arena.views.servings import SERVINGS

NOW = datetime(2026, 1, 31, tzinfo=timezone.utc)
NEW = RevisionShare(revision="m-2", percent=10, is_latest=True)
OLD = RevisionShare(revision="m-1", percent=90, is_latest=False)
ALL = RevisionShare(revision="m-2", percent=100, is_latest=True)
ROUTE = Share(percent=70, by="HTTPRoute m")


@pytest.mark.parametrize(
    ("share", "routed", "shown"),
    [
        (None, (), "http://m "),
        (ROUTE, (), "http://m(70%) "),
        (None, (NEW, OLD), "http://m(10%) "),
        (None, (OLD,), "http://m(0%) "),
        (None, (ALL,), "http://m "),
        (ROUTE, (NEW, OLD), "http://m(70%) "),
    ],
)
def test_the_address_has_the_share(
    share: Share | None, routed: tuple[RevisionShare, ...], shown: str
) -> None:
    """The share is that of a split, else that of the newest revision unless it has all the traffic."""
    one = Serving(name="m", namespace="n", kind="kserve", address="http://m", share=share, routed=routed)
    assert f" {shown}" in text_of_all(SERVINGS, [one], Layout(now=NOW))
