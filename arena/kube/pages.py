"""Lists, page by page."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from arena.errors import NotAllowed, NotFound
from arena.kube import faults
from arena.kube.faults import Asked
from arena.kube.transport import Request, Transport, parsed
from arena.parallel import Task, thread_pool
from arena.resources import Resource
from arena.tuples import NamedTuple

Object = dict[str, Any]

PAGE = 500
_ONE = "metadata.name="
_HEAD = rb'\{"kind":"\w+","apiVersion":"[\w./-]+","metadata":\{[^{}]*"continue":"([^"\\]+)"'
"""The beginning of a continued list of a built-in type; other types have it at the end."""


class Selection(NamedTuple):
    """What is listed or watched."""

    asked: Asked
    resource: Resource
    namespace: str | None
    labels: str
    fields: str

    @property
    def query(self) -> dict[str, str]:
        """The selectors as query parameters."""
        return {"labelSelector": self.labels, "fieldSelector": self.fields}

    @property
    def name(self) -> str:
        """The name of the only object that is selected; "" if it may be several."""
        return self.fields.removeprefix(_ONE) if self.fields.startswith(_ONE) else ""


class Page(NamedTuple):
    """Some of a list's objects, the version of the whole list, and the token for the next page."""

    objects: list[Object]
    version: str
    token: str
    remaining: int = 0
    """The number of objects on the pages after it; 0 if unknown, as with selectors."""


def pages(transport: Transport, selection: Selection, *sizes: int) -> Iterator[Page]:
    """The pages of a list, at least one; `sizes` are the maximum numbers of objects of the first ones."""
    ask = partial(_ask, transport, selection)
    token = ""
    for size in sizes or (PAGE,):
        page = _page(ask(token, size), selection.asked)
        token = page.token
        yield page
        if not token:
            return
    yield from _further(ask, token, selection.asked)


def present(transport: Transport, selection: Selection) -> Iterator[Page]:
    """As `pages`; a user who may not list the objects may still get the only one that is selected."""
    try:
        yield from pages(transport, selection)
    except NotAllowed:
        if not selection.name:
            raise
        yield _alone(transport, selection)


def _alone(transport: Transport, selection: Selection) -> Page:
    """The only selected object as a page."""
    asked = selection.asked._replace(verb="read", name=selection.name)
    path = selection.resource.path(selection.namespace, selection.name)
    try:
        found = transport.json(Request(asked, "GET", path))
    except NotFound:
        return Page([], "", "")
    return Page([found], str(found["metadata"]["resourceVersion"]), "")


def _further(ask: Callable[[str], bytes], token: str, asked: Asked) -> Iterator[Page]:
    """The pages after the first; each is requested while the previous one is decoded and read."""
    # A reader that stops or is interrupted does not wait for the next page.
    with thread_pool(1) as pool:
        coming: Task[bytes] | None = pool.submit(ask, token)
        while coming:
            text = coming.result()
            early = re.match(_HEAD, text)
            coming = pool.submit(ask, early[1].decode()) if early else None
            page = _page(text, asked)
            del text  # or it would be in memory beside its objects
            if page.token and not early:
                coming = pool.submit(ask, page.token)
            yield page


def _ask(transport: Transport, selection: Selection, token: str, size: int = PAGE) -> bytes:
    def body(token: str) -> bytes:
        query = {**selection.query, "limit": size, "continue": token}
        return transport.body(Request(selection.asked, "GET", path, query))

    path = selection.resource.path(selection.namespace)
    try:
        return body(token)
    except faults.Expired as gone:
        if not gone.resume:
            raise
        # The list has expired because the reader is slow: continue after the last page with present objects.
        return body(gone.resume)


def _page(text: bytes, asked: Asked) -> Page:
    """The page in an answer; objects of built-in types lack the kind, which follows from the list's."""
    answer = parsed(text, asked)
    meta, found = answer.get("metadata") or {}, answer.get("items") or []
    if not (isinstance(meta, dict) and isinstance(found, list) and all(map(_is_object, found))):
        raise faults.not_json(asked)
    kind = str(answer.get("kind", "")).removesuffix("List")
    for one in found:
        one.setdefault("kind", kind)
        one.setdefault("apiVersion", answer.get("apiVersion"))
    remaining = meta.get("remainingItemCount")
    return Page(
        found,
        meta.get("resourceVersion", ""),
        meta.get("continue", ""),
        remaining if isinstance(remaining, int) else 0,
    )


def _is_object(one: Any) -> bool:
    meta = one.get("metadata") if isinstance(one, dict) else None
    return isinstance(meta, dict) and isinstance(meta.get("name"), str)
