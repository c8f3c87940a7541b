"""HTTP requests on objects: parse the request, call the Api, write the answer."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from arena.local.api import (
    admission,
    bodies,
    eviction,
    http_watch,
    patch_requests,
    query_options,
    refusals,
    repeated_keys,
    representations,
    request_path,
    scale,
    versions,
    write_options,
)
from arena.local.api.object_api import Api
from arena.local.api.rbac import reviews, users
from arena.local.api.rbac.escalation import Guard
from arena.local.api.representations import Form
from arena.local.api.request_options import DeleteOptions, ListOptions, WriteOptions
from arena.local.api.request_path import Target
from arena.local.api.resource_types import ASKED, MEASURED, READ_ONLY
from arena.local.objects import NAMESPACES, Object, Refused

_WARNINGS = 20
"""Maximum number of warnings, since clients limit the number of headers."""


@dataclass(slots=True)
class Call:
    """One parsed request."""

    api: Api
    request: web.Request
    target: Target
    body: bytes = b""
    warnings: list[str] = field(default_factory=list)

    def writing(self) -> WriteOptions:
        """The write options of a request; raises Refused 422 for one that is not allowed."""
        return write_options.writing(self.request, self.warnings.append)

    def reading(self) -> tuple[Object, WriteOptions]:
        """The object in the body, and the options of writing it."""
        how, body = self.writing(), bodies.load(self.body)
        return body, replace(how, repeats=repeated_keys.of(body))

    def deleting(self) -> DeleteOptions:
        """The options of a deletion; raises Refused 400 or 422 for one that is not allowed."""
        body = bodies.load(self.body) if self.body.strip() else {}
        return write_options.deleting(self.request, body)

    @property
    def form(self) -> Form:
        """What the client accepts; raises Refused 406 if the server writes nothing of it."""
        return representations.form(self.target.kind, self.request.headers.get("Accept", ""))

    def listing(self) -> ListOptions:
        """The list options of a request."""
        return query_options.listing(self.request.query, self.target.namespace)


async def handle(api: Api, request: web.Request, path: str) -> web.StreamResponse:
    """Answer a request for a resource path; refusals become Status objects."""
    call, form = None, representations.PLAIN
    try:
        call = Call(api, request, request_path.target(path))
        bodies.check_form(request, call.target.kind)
        form = call.form
        if form.shape == "Table":
            query_options.check_included(request.query)
        if told := versions.warning(call.target.kind):
            call.warnings.append(told)
        if request.can_read_body:
            call.body = await request.read()
        if request.method == "GET" and query_options.flag(request.query, "watch"):
            return await http_watch.watch(api, request, call.target, call.listing())
        query_options.check_timeout(request.query)
        response = _action(call)(call)
    except Refused as refused:
        response = refusal(refused)
    except web.HTTPRequestEntityTooLarge:
        response = refusal(refusals.of_code(413, "the body is larger than the server accepts (3 MiB)"))
    if form is not representations.PLAIN:
        body = representations.encoded(form, response.text or "")
        response = web.Response(body=body, status=response.status, headers={"Content-Type": form.media})
    for warning in call.warnings[:_WARNINGS] if call else ():
        response.headers.add("Warning", f'299 - "{bodies.header(warning[:300])}"')
    return response


def refusal(refused: Refused) -> web.Response:
    """The refusal as an HTTP answer."""
    return web.json_response(refusals.status(refused), status=refused.code)


def _action(call: Call) -> Callable[[Call], web.Response]:
    target, method = call.target, call.request.method
    if target.kind.verbs == ASKED:
        if method != "POST" or target.name:
            raise refusals.not_allowed()
        return _review
    if target.kind.verbs == READ_ONLY and method != "GET":
        raise refusals.read_only(target.kind.resource)
    if target.kind.verbs == MEASURED:
        raise refusals.unknown()
    if target.subresource == "binding" and method == "POST":
        return _bind
    if target.subresource == "eviction" and method == "POST":
        return _evict
    if target.subresource not in ("", "status", "scale"):
        raise refusals.of_code(405, f"{method} is not possible on {target.subresource}")
    actions = _actions(target)
    if method == "HEAD" and target.kind.custom:
        method = "GET"  # whose body aiohttp leaves out
    if method not in actions:
        raise _no_action(target, method)
    return actions[method]


def _actions(target: Target) -> dict[str, Callable[[Call], web.Response]]:
    """The methods of a path: what is in a namespace is written there, and a subresource is not deleted.

    A custom resource may be created at the path of any object, whose name does not count.
    """
    if target.name:
        whole = {} if target.subresource else {"DELETE": _delete}
        create = {"POST": _create} if target.kind.custom and not target.subresource else {}
        return {"GET": _get, "PUT": _replace, "PATCH": _patch, **whole, **create}
    if target.across:
        return {"GET": _list}
    return {"GET": _list, "POST": _create, "DELETE": _delete_all}


def _no_action(target: Target, method: str) -> Refused:
    """Why a path has no such method: all custom kinds share their paths, which they look at themselves."""
    if target.kind.custom and target.across:
        return refusals.unknown()
    if target.kind.custom and not target.name and method in ("PUT", "PATCH"):
        return refusals.bad("name must be provided")
    return refusals.not_allowed()


def _json(value: Any, code: int = 200) -> web.Response:
    return web.Response(text=json.dumps(value), content_type="application/json", status=code)


def _shown(call: Call, obj: Object, code: int = 200) -> web.Response:
    return _json(representations.one(call.target.kind, obj, call.form, call.request.query), code)


def _reached(call: Call) -> None:
    """Refuse to answer with what is older than the request asks for, or newer than it wants exactly."""
    query, present = call.request.query, call.api.store.version
    wanted = query_options.version(query)
    if wanted and wanted > present:
        raise refusals.ahead(wanted, present)
    if wanted and wanted < present and query.get("resourceVersionMatch") == query_options.EXACT:
        raise refusals.gone(f"The provided resource version is too old: {wanted} ({present})")


def _list(call: Call) -> web.Response:
    _reached(call)
    page = call.api.page(call.target.kind.resource, call.listing())
    text = representations.many(call.target.kind, page, call.form, call.request.query)
    return web.Response(text=text, content_type="application/json")


def _get(call: Call) -> web.Response:
    _reached(call)
    target = call.target
    obj = call.api.get(target.kind.resource, target.name, target.namespace)
    if obj is None:
        raise refusals.missing(target.kind.resource, target.name)
    if target.subresource == "scale":
        return _json(scale.scale(target.kind, obj))
    return _shown(call, obj)


def _create(call: Call) -> web.Response:
    target = call.target
    body, how = call.reading()
    bodies.check_kind(target.kind, body)
    with _guarded(call, how) as check:
        obj = call.api.create(target.kind.resource, body, target.namespace, how)
        check(obj)
    return _shown(call, obj, 201)


@contextmanager
def _guarded(call: Call, how: WriteOptions) -> Iterator[Callable[[Object], None]]:
    """A transaction, and the check that the written object grants nobody more than its writer may do."""
    user, target = users.of(call.request.headers), call.target
    with call.api.store.transaction(how.dry):  # so that nobody creates or deletes it in between
        yield Guard(call.api, user, target.kind, target.namespace or "").check


def _review(call: Call) -> web.Response:
    kind = call.target.kind
    body, how = call.reading()
    review, user = admission.read(kind, body, how), users.of(call.request.headers)
    return _json(reviews.answer(call.api, kind, review, user, call.target.namespace), 201)


def _replace(call: Call) -> web.Response:
    target = call.target
    body, how = call.reading()
    if target.subresource == "scale":
        body = scale.read(body, target.name, how)
    else:
        bodies.check_kind(target.kind, body)
        body = admission.read_replacement(target.kind, body, how)
        bodies.check_name(body)
    how = replace(how, is_read=True)
    where = target.kind.resource, target.name, target.namespace
    with _guarded(call, how) as check:
        obj = call.api.change(*where, lambda _: body, target.subresource, how)
        check(obj)
    return _json(obj) if target.subresource == "scale" else _shown(call, obj)


def _patch(call: Call) -> web.Response:
    target, how = call.target, call.writing()
    force = query_options.flag(call.request.query, "force")
    change = patch_requests.change(call.request, call.body, target, how, force)
    is_applied = change.create is not None
    how = replace(how, applied=is_applied, patched=not is_applied)
    how = replace(how, repeats=change.repeats, cuts=change.cuts)
    resource, name, space = target.kind.resource, target.name, target.namespace
    create = None if target.subresource else change.create
    with _guarded(call, how) as check:
        is_new = create is not None and call.api.get(resource, name, space) is None
        if create is not None and is_new:
            obj = call.api.create(resource, create(), space, how)
        else:
            obj = call.api.change(resource, name, space, change.apply, target.subresource, how)
        check(obj)
    if is_new:
        return _shown(call, obj, 201)
    return _json(obj) if target.subresource == "scale" else _shown(call, obj)


def _delete(call: Call) -> web.Response:
    target = call.target
    obj, gone = call.api.remove(target.kind.resource, target.name, target.namespace, call.deleting())
    if not gone or target.kind.key == "/pods":
        return _json(obj)
    details = {"name": target.name, "kind": target.kind.resource.plural, "uid": obj["metadata"]["uid"]}
    if target.kind.resource.group:
        details["group"] = target.kind.resource.group
    return _json(
        {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
    )


def _delete_all(call: Call) -> web.Response:
    how, kind = call.deleting(), call.target.kind
    if kind.resource == NAMESPACES:
        raise refusals.of_code(405, "namespaces are deleted one by one")
    page = call.api.page(kind.resource, call.listing())
    with call.api.store.transaction(how.dry):
        for text in page.texts:
            meta = json.loads(text)["metadata"]
            if call.api.get(kind.resource, meta["name"], meta.get("namespace")) is not None:
                call.api.remove(kind.resource, meta["name"], meta.get("namespace"), how)
    text = representations.many(kind, page, representations.PLAIN, {})
    return web.Response(text=text, content_type="application/json")


def _evict(call: Call) -> web.Response:
    body = bodies.load(call.body)
    how = eviction.options(call.request, body, call.target.name)
    eviction.evict(call.api, call.target.name, call.target.namespace or "", how)
    return _json({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}, 201)


def _bind(call: Call) -> web.Response:
    body = bodies.load(call.body)
    node = (body.get("target") or {}).get("name", "")

    def bind(pod: Object) -> Object:
        if pod["spec"].get("nodeName"):
            why = f"pod {call.target.name} is already assigned to node {pod['spec']['nodeName']}"
            raise refusals.conflict(call.target.kind.resource, call.target.name, why)
        pod["spec"]["nodeName"] = node
        return pod

    call.api.change(call.target.kind.resource, call.target.name, call.target.namespace, bind)
    return _json({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}, 201)
