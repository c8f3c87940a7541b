"""Paginated lists of selected rows."""

import base64
import json
from collections.abc import Iterable

from arena.local.api import refusals, selectors
from arena.local.api.request_options import ListOptions, Page
from arena.local.api.resource_types import Type
from arena.local.api.selectors import Selector
from arena.local.api.store import Row, Rows, Store
from arena.tuples import NamedTuple

_CHUNK = 500


def occupied(store: Store, keys: Iterable[str], namespace: str | None) -> list[str]:
    """The keys of types that have objects in a namespace (None for all)."""
    return [one for one in keys if store.rows(Rows(one, namespace), limit=1)]


class _Place(NamedTuple):
    """Where the next page begins, and the version of the first page."""

    version: int
    namespace: str
    name: str

    def token(self) -> str:
        """The text that the client sends back."""
        return base64.urlsafe_b64encode(json.dumps(self).encode()).decode()


def page(store: Store, kind: Type, listing: ListOptions) -> Page:
    """Return the requested objects, as stored.

    Raises:
        Refused: 400 for an invalid selector or token.
    """
    selector = selectors.parse(kind.resource, listing.labels, listing.fields)
    with store.lock:
        place = _place(listing.token) if listing.token else None
        rows = _rows(kind, listing.namespace, selector)
        version = place.version if place else store.version
        if place:
            rows = rows._replace(after=(place.namespace, place.name))
        if not listing.limit:
            return Page([row.body for row in store.rows(rows) if _chosen(row, selector)], version)
        found = _first(store, rows, selector, listing.limit + 1)
        if len(found) <= listing.limit:
            return Page([row.body for row in found], version)
        last = found[listing.limit - 1]
        remaining = None
        if selector == selectors.EVERYTHING:
            remaining = store.count(rows._replace(after=(last.namespace, last.name)))
        token = _Place(version, last.namespace, last.name).token()
        return Page([row.body for row in found[:-1]], version, token, remaining)


def _rows(kind: Type, namespace: str | None, selector: Selector) -> Rows:
    exact = {one.path: one.value for one in selector.fields if one.equal}
    if namespace is None:
        namespace = exact.get("metadata.namespace")
    name = exact.get("metadata.name")
    return Rows(
        kind.key, namespace, name,
        label_texts=tuple(selector.label_texts()), body_texts=tuple(selector.body_texts()),
    )  # fmt: skip


def _chosen(row: Row, selector: Selector) -> bool:
    if selector.fields:
        return selector.matches(json.loads(row.body))
    if not selector.labels:
        return True
    labels = json.loads(row.labels)
    return all(need.holds(labels) for need in selector.labels)


def _first(store: Store, rows: Rows, selector: Selector, count: int) -> list[Row]:
    """The first `count` rows that match; read in chunks if the selector drops some."""
    found: list[Row] = []
    while True:
        chunk = store.rows(rows, max(count - len(found), _CHUNK if selector.labels or selector.fields else 0))
        found += [row for row in chunk if _chosen(row, selector)]
        if len(found) >= count or not chunk:
            return found[:count]
        rows = rows._replace(after=(chunk[-1].namespace, chunk[-1].name))


def _place(token: str) -> _Place:
    try:
        version, namespace, name = json.loads(base64.urlsafe_b64decode(token))
        place = _Place(int(version), str(namespace), str(name))
        place.namespace.encode(), place.name.encode()
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise refusals.bad("continue key is not valid: it did not come from this server") from error
    return place
