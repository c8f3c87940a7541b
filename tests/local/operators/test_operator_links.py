"""Pages behind a Service: the link opens them, but not for pages of other sites or rebound names."""

import asyncio
import http.client
import json
import socket
from collections.abc import Iterator
from http.cookies import SimpleCookie
from threading import Thread
from typing import Any, NamedTuple

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from appthread import AppThread

from arena.local.machinery.loopback import allotted_ports, allotted_token
from arena.local.objects import PODS, SERVICES, TOKEN

PORTS = [{"name": "http", "appProtocol": "http", "port": 80, "targetPort": "http"}]


class Answer(NamedTuple):
    """An answer."""

    code: int
    headers: dict[str, str]
    text: str


def ask(port: int, path: str = "/", method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
    """A request as any program can make it; `Host` too may be chosen."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read().decode())
    finally:
        connection.close()


async def echo(request: web.Request) -> web.StreamResponse:
    """Return the request; /socket speaks websocket, /moved redirects."""
    if request.path.endswith("/socket"):
        link = web.WebSocketResponse(protocols=("chat",))
        await link.prepare(request)
        async for message in link:
            if message.type is WSMsgType.TEXT:
                await link.send_str(f"heard {message.data}")
            else:
                await link.send_bytes(b"heard " + message.data)
        return link
    if request.path.endswith("/moved"):
        return web.Response(status=302, headers={"Location": request.path.removesuffix("moved") + "new"})
    told = {"method": request.method, "path": request.path_qs, "headers": dict(request.headers)}
    return web.json_response(told | {"body": (await request.read()).decode()}, headers={"X-Own": "1"})


def serving() -> web.Application:
    """The pod's server."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", echo)
    return app


def make(bench: Any, **env: Any) -> tuple[int, int, str, dict[str, Any]]:
    """A Service with a ready pod; their ports, the Service's token and the pod."""
    bench.node()
    body = {"selector": {"app": "web"}, "ports": PORTS}
    service = bench.submit(SERVICES, {"metadata": {"name": "web"}, "spec": body})
    template = bench.template("c", {"app": "web"}, ports=[{"name": "http", "containerPort": 8080}], **env)
    template["metadata"]["name"] = "a"
    pod = bench.objects.create(PODS, template, "default")
    bench.settled()
    bench.objects.patch(PODS, "a", {"status": {"podIP": "127.0.0.1"}}, "default", "status")
    bench.run("a")
    return allotted_ports(service)[80], allotted_ports(pod)[8080], allotted_token(service), pod


@pytest.fixture
def site(bench: Any) -> Iterator[tuple[int, str]]:
    """A guarded Service with a pod that answers: its port and token."""
    port, own, token, _ = make(bench)
    with AppThread(serving, own):
        yield port, token
    bench.runner.stop()


def admitted(site: tuple[int, str]) -> dict[str, str]:
    """The header of who followed the link."""
    port, token = site
    found = SimpleCookie(ask(port, f"/?token={token}").headers["Set-Cookie"])
    (morsel,) = found.values()
    return {"Cookie": f"{morsel.key}={morsel.value}"}


def test_without_the_link(site: tuple[int, str]) -> None:
    """Without the link, the port reveals only that a link is needed."""
    port, token = site
    for path, headers in (
        ("/", {}),
        (f"/?token={token[:-1]}", {}),
        ("/?token=", {}),
        ("/data/environment", {"Cookie": f"arena-{port}=x"}),
        ("/", {"Cookie": f"arena-{port}={token}"}),
        ("/", {"Cookie": f"arena-{port + 1}={token}"}),
        ("/", {"Authorization": "Bearer x"}),
        ("/socket", {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13",
                     "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ=="}),
    ):  # fmt: skip
        answer = ask(port, path, **headers)
        assert (answer.code, "X-Own" in answer.headers) == (401, False), path
        assert token not in answer.text


def test_the_link(site: tuple[int, str]) -> None:
    """The link sets a cookie that pages of others cannot use, and leads to the address without the token."""
    port, token = site
    answer = ask(port, f"/runs?a=1&token={token}&b=%2F")
    assert (answer.code, answer.headers["Location"]) == (303, f"http://127.0.0.1:{port}/runs?a=1&b=/")
    assert answer.headers["Set-Cookie"].endswith("HttpOnly; Path=/; SameSite=Strict")
    assert (
        ask(port, f"//evil.example/?token={token}")
        .headers["Location"]
        .startswith(f"http://127.0.0.1:{port}/")
    )
    seen = json.loads(ask(port, "/x?y=%2F", "POST", b"text", **admitted(site)).text)
    assert (seen["method"], seen["path"], seen["body"]) == ("POST", "/x?y=%2F", "text")
    assert ask(port, "/x", Authorization=f"Bearer {token}").code == 200


def test_what_the_pod_sees(site: tuple[int, str]) -> None:
    """The proxy's own cookie is not passed on, and no headers are added to the client's."""
    port, token = site
    for between in ("; ", ";", " ;  "):
        both = {"Cookie": f"theirs=1{between}{admitted(site)['Cookie']}", "Accept_Encoding": "identity"}
        seen = json.loads(ask(port, "/", **both).text)["headers"]
        assert seen["Cookie"] == "theirs=1"
        assert token not in json.dumps(seen)
        assert "Accept" not in seen
        assert "User-Agent" not in seen


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "script"},
        {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "cors", "Sec_Fetch_Dest": "empty"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"},
    ],
)
def test_pages_of_others(site: tuple[int, str], headers: dict[str, str]) -> None:
    """DNS rebinding and requests of pages of other sites or ports are refused, even with the cookie."""
    port, token = site
    for path in ("/data/environment", f"/?token={token}"):
        answer = ask(port, path, **(admitted(site) | headers))
        assert (answer.code, "X-Own" in answer.headers, "Set-Cookie" in answer.headers) == (403, False, False)


def test_a_link_in_a_page(site: tuple[int, str]) -> None:
    """The link opened from another site leads on by a page of ours: only that may take the cookie."""
    port, token = site
    opened = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    answer = ask(port, f"/?token={token}", **opened)
    assert answer.code == 200
    assert f'url=http://127.0.0.1:{port}/"' in answer.text
    assert (
        ask(port, "/", Host=f"localhost:{port}", Origin=f"http://localhost:{port}", **admitted(site)).code
        == 200
    )


def test_websockets(site: tuple[int, str]) -> None:
    """A websocket is passed on for who may, with its protocol; another site's page gets none."""
    port, _ = site

    async def talk(**headers: str) -> list[Any]:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(
                f"http://127.0.0.1:{port}/socket", protocols=("chat",), headers=headers
            ) as link,
        ):
            await link.send_str("a")
            await link.send_bytes(b"b")
            return [link.protocol, (await link.receive()).data, (await link.receive()).data]

    mine = {"Origin": f"http://127.0.0.1:{port}", **admitted(site)}
    assert asyncio.run(talk(**mine)) == ["chat", "heard a", b"heard b"]
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        asyncio.run(talk(**mine | {"Origin": "http://evil.example"}))


def test_a_secret_folder(bench: Any) -> None:
    """A pod that asks for a secret gets one of its own, and is asked below it; here addresses lack it."""
    source = {"fieldRef": {"fieldPath": f"metadata.annotations['{TOKEN}']"}}
    port, own, token, pod = make(bench, env=[{"name": "TOKEN", "valueFrom": source}])
    secret = allotted_token(pod)
    assert secret
    assert secret != token
    with AppThread(serving, own):
        mine = admitted((port, token))
        assert json.loads(ask(port, "/x", **mine).text)["path"] == f"/{secret}/x"
        assert ask(port, "/moved", **mine).headers["Location"] == "/new"
    assert ask(port, "/", **mine).code == 503
    bench.runner.stop()


def test_a_cookie_that_a_stranger_saw(bench: Any) -> None:
    """A page's cookie is useless to a program that takes the port of a stopped server."""
    port, own, token, _ = make(bench)
    seen = admitted((port, token))
    assert token not in seen["Cookie"]
    value = seen["Cookie"].partition("=")[2]
    with AppThread(serving, own):
        assert ask(port, "/", **seen).code == 200
        assert ask(port, "/", Authorization=f"Bearer {value}").code == 401
        assert ask(port, f"/?token={value}").code == 401
        bench.runner.stop()
        bench.runner = bench.new_runner()
        bench.settled()
        assert ask(port, "/", **seen).code == 401
        assert ask(port, "/", **admitted((port, token))).code == 200
    bench.runner.stop()


def test_a_page_that_breaks_off(bench: Any) -> None:
    """A pod that dies within its answer cuts the answer short: nothing of ours is put into the page."""
    port, own, token, _ = make(bench)
    with socket.create_server(("127.0.0.1", own)) as listener:

        def serve() -> None:
            for _ in range(2):  # the first connection asks whether anybody listens
                with listener.accept()[0] as link:
                    if link.recv(65536):
                        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegun")

        pod = Thread(target=serve, daemon=True)
        pod.start()
        with pytest.raises(http.client.IncompleteRead) as caught:
            ask(port, "/", Authorization=f"Bearer {token}")
        assert caught.value.partial == b"begun"
        pod.join(10)
    bench.runner.stop()


def test_a_service_that_is_gone(site: tuple[int, str], bench: Any) -> None:
    """A connection that outlives its Service, and so its token, admits no requests without a token."""
    port, token = site
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    link.request("GET", "/", headers={"Authorization": f"Bearer {token}"})
    link.getresponse().read()
    bench.objects.delete(SERVICES, "web", "default")
    bench.settled()
    for headers in ({}, {"Cookie": f"arena-{port}="}, {"Authorization": "Bearer "}):
        link.request("GET", "/?token=" if not headers else "/", headers=headers)
        answer = link.getresponse()
        answer.read()
        assert (answer.status, answer.headers["Set-Cookie"]) == (401, None)
    link.close()


def test_tokens_are_the_servers(bench: Any) -> None:
    """Users can neither choose nor remove a token, and a Service that does not speak HTTP has none."""
    _, _, token, _ = make(bench)
    for wish in ("mine", None):
        bench.objects.patch(SERVICES, "web", {"metadata": {"annotations": {TOKEN: wish}}}, "default")
        assert allotted_token(bench.read(SERVICES, "web")) == token
    plain = [{"name": "rendezvous", "port": 29500}]
    bench.objects.patch(SERVICES, "web", {"spec": {"ports": plain}}, "default")
    assert allotted_token(bench.read(SERVICES, "web")) == ""
    bench.runner.stop()


def test_a_port_that_changes_its_protocol(bench: Any) -> None:
    """A port that changes to plain TCP passes everything on; one that changes to HTTP asks for the token."""
    port, own, _, _ = make(bench)
    assert ask(port).code == 401
    plain = [{"name": "http", "port": 80, "targetPort": "http"}]
    bench.objects.patch(SERVICES, "web", {"spec": {"ports": plain}}, "default")
    bench.settled()
    with AppThread(serving, own):
        assert ask(port).code == 200
        bench.objects.patch(SERVICES, "web", {"spec": {"ports": PORTS}}, "default")
        bench.settled()
        assert ask(port).code == 401
    bench.runner.stop()
