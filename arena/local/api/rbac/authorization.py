"""The check of every request: an impersonated user may do what bindings grant."""

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from arena.local.api import refusals, request_path
from arena.local.api.object_api import Api
from arena.local.api.rbac import attributes, rules, users
from arena.local.api.rbac.attributes import Attributes
from arena.local.objects import Refused

_APPLY = "application/apply-patch+"


def enforce(api: Api) -> Middleware:
    """A middleware that answers 403 to what the user of a request may not do."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            user = users.of(request.headers)
            if user is not users.OWNER:
                for wanted in _wanted(api, request):
                    found = rules.decide(api, user, wanted)
                    if not found.allowed:
                        raise attributes.forbidden(wanted, user.name, found.reason)
        except Refused as refused:
            return web.json_response(refusals.status(refused), status=refused.code)
        return await handler(request)

    return check


def _wanted(api: Api, request: web.Request) -> list[Attributes]:
    """What the user must be allowed; a server-side apply that creates the object needs both verbs."""
    wanted = attributes.of(request.method, request.path, request.query)
    if request.content_type.startswith(_APPLY) and wanted.verb == "patch" and not wanted.subresource:
        kind = request_path.target(request.path).kind
        if api.get(kind.resource, wanted.name, wanted.namespace or None) is None:
            return [wanted, wanted._replace(verb="create")]
    return [wanted]
