"""Lists that may be long: the first objects as they are now, and the others from the server's cache.

Most lists end with the first objects, so what reads the others is imported after them. If a list of jobs does
not, neither will that of their pods, so all of it comes from the cache.
"""

from collections.abc import Callable, Iterator
from typing import Any

from arena.errors import ArenaError
from arena.kube.decoding import paused_gc
from arena.kube.pages import Page, Selection, pages
from arena.kube.transport import Transport

Object = dict[str, Any]

FIRST = 100
"""Number of objects to read whole before the others are read in another form."""
PROBE = 20
"""Number of jobs to read before it is known how many there are; a server prepares ten pods as fast as one."""


def pods(transport: Transport, selection: Selection) -> Iterator[Object]:
    """The pods of a selection, without duplicates; if there are many, `podlists` abridges most of them.

    Raises:
        ArenaError: as for any list.
    """

    def cached(seen: set[str]) -> Iterator[Object]:
        from arena.kube import podlists

        return podlists.cached(transport, selection, seen)

    if transport.has_long_lists:
        return _rest(pages(transport, selection), cached, set())
    return _listed(transport, selection, cached, FIRST)


def objects(
    transport: Transport, selection: Selection, before_rest: Callable[[], object] = bool
) -> Iterator[Object]:
    """The objects of a selection, without duplicates; if there are many, most come from the server's cache.

    Args:
        before_rest: called before those are requested.

    Raises:
        ArenaError: as for any list.
    """

    def cached(seen: set[str]) -> Iterator[Object]:
        from arena.kube import podlists

        before_rest()
        for obj in podlists.ask(transport, selection).elements("items"):
            if uid(obj) not in seen:
                obj["metadata"].pop("managedFields", None)
                yield obj

    return _listed(transport, selection, cached, PROBE, FIRST - PROBE)


def _listed(
    transport: Transport, selection: Selection, cached: Callable[[set[str]], Iterator[Object]], *sizes: int
) -> Iterator[Object]:
    """Yield the objects of the first pages as they are now, and then the objects from `cached` that are new.

    Args:
        sizes: those of the first pages; if the first tells that there are many more, the others are skipped.
    """
    plain = pages(transport, selection, *sizes)
    seen: set[str] = set()
    left, is_long = sum(sizes), False
    while left > 0 and not is_long:
        page = next(plain)
        left -= len(page.objects)
        is_long = bool(page.token) and (left <= 0 or page.remaining > left)
        if is_long:
            transport.has_long_lists = True  # before anybody hears of the objects
        yield from page.objects
        if not page.token:
            return
        seen.update(map(uid, page.objects))
        page.objects.clear()
    yield from _rest(plain, cached, seen)


def _rest(
    plain: Iterator[Page], cached: Callable[[set[str]], Iterator[Object]], seen: set[str]
) -> Iterator[Object]:
    """Yield the objects from `cached` that are new, or those of the pages."""
    try:
        with paused_gc():
            for one in cached(seen):
                seen.add(uid(one))
                yield one
    except (ArenaError, ValueError, LookupError, TypeError):
        # Whatever is wrong with the other forms, the usual form decides.
        for page in plain:
            yield from (one for one in page.objects if uid(one) not in seen)
            page.objects.clear()


def uid(obj: Object) -> str:
    """The uid of an object; "" if it has none."""
    return str(obj["metadata"].get("uid", ""))
