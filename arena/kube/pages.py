"""Lists, page by page."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from arena.kube import faults
from arena.kube.faults import Asked
from arena.kube.transport import Request, Transport, parsed
from arena.resources import Resource

Object = dict[str, Any]

PAGE = 500
_HEAD = re.compile(rb'\{"kind":"\w+","apiVersion":"[\w./-]+","metadata":\{[^{}]*"continue":"([^"\\]+)"')
"""How a list of a built-in type begins when it goes on; other types tell it at their end."""


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


class Page(NamedTuple):
    """Some of a list's objects, the version of the whole list, and with what to ask for the next page."""

    objects: list[Object]
    version: str
    token: str


def pages(transport: Transport, selection: Selection) -> Iterator[Page]:
    """The pages of a list, one at least."""
    ask = partial(_ask, transport, selection)
    first = _page(ask(""), selection.asked)
    yield first
    if first.token:
        yield from _further(ask, first.token, selection.asked)


def _further(ask: Callable[[str], bytes], token: str, asked: Asked) -> Iterator[Page]:
    """The pages behind the first: while one is decoded and read, the next is on its way."""
    from concurrent.futures import Future, ThreadPoolExecutor

    pool = ThreadPoolExecutor(1)
    try:
        coming: Future[bytes] | None = pool.submit(ask, token)
        while coming:
            text = coming.result()
            early = _HEAD.match(text)
            coming = pool.submit(ask, early[1].decode()) if early else None
            page = _page(text, asked)
            del text  # or it would be in memory beside its objects
            if page.token and not early:
                coming = pool.submit(ask, page.token)
            yield page
    finally:
        # Who has read enough, or is interrupted, does not wait for a page that nobody wants.
        pool.shutdown(wait=False, cancel_futures=True)


def _ask(transport: Transport, selection: Selection, token: str) -> bytes:
    def body(token: str) -> bytes:
        query = {**selection.query, "limit": PAGE, "continue": token}
        return transport.body(Request(selection.asked, "GET", path, query))

    path = selection.resource.path(selection.namespace)
    try:
        return body(token)
    except faults.Expired as gone:
        if not gone.resume:
            raise
        # A slow reader's list has grown too old: go on behind the last page with what is there now.
        return body(gone.resume)


def _page(text: bytes, asked: Asked) -> Page:
    """The page that an answer holds; built-in types leave out what the list's own kind says of each."""
    answer = parsed(text, asked)
    meta, found = answer.get("metadata") or {}, answer.get("items") or []
    if not (isinstance(meta, dict) and isinstance(found, list) and all(map(_is_object, found))):
        raise faults.not_json(asked)
    kind = str(answer.get("kind", "")).removesuffix("List")
    for one in found:
        one.setdefault("kind", kind)
        one.setdefault("apiVersion", answer.get("apiVersion"))
    return Page(found, meta.get("resourceVersion", ""), meta.get("continue", ""))


def _is_object(one: Any) -> bool:
    meta = one.get("metadata") if isinstance(one, dict) else None
    return isinstance(meta, dict) and isinstance(meta.get("name"), str)
