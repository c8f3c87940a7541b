"""One request and its answer: which pod gets it, and what happens if that fails."""

import asyncio
from typing import TYPE_CHECKING

from arena.local.programs.proxy import http1
from arena.local.programs.proxy.balancer import AGAIN, LiveBackend, LiveGroup
from arena.local.programs.proxy.bodies import Body, Malformed, UntilClose
from arena.local.programs.proxy.dispatch import Dispatch
from arena.local.programs.proxy.tunnel import Half
from arena.local.programs.proxy.upstream import Upstream

if TYPE_CHECKING:
    from arena.local.programs.proxy.downstream import Downstream

SMALL = 1 << 16
"""Bytes of a body that are kept for another attempt."""
ATTEMPTS = 5


class Exchange(Dispatch):
    """An exchange; it begins with `start`.

    Attributes:
        downstream: the client's connection.
        request: the head of the request.
        is_heard: whether anything of the answer has arrived, after which there is no other attempt.
    """

    def __init__(self, downstream: "Downstream", request: http1.Request) -> None:
        super().__init__(downstream.target)
        self.downstream = downstream
        self.request = request
        self.is_heard = False
        self._body = request.body()
        self._replay: bytes | None = b""
        self._upstream: Upstream | None = None
        self._tried: set[LiveBackend] = set()
        self._attempts = 0
        self._answer: http1.Answer | None = None
        self._keeps = request.keeps
        self._is_late = False
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    # The request

    def go(self, group: LiveGroup) -> None:
        """Send the request to the best pod that was not tried in vain."""
        self._attempts += 1
        backend = group.pick(self._tried)
        if backend is None:
            self._try_later()
            return
        self.occupy(backend)
        if found := backend.spare():
            self._send(found)
        else:
            self._task = asyncio.get_running_loop().create_task(self._connect(group, backend))

    def lack(self, waited: bool) -> None:
        """Refuse the request."""
        late = f"No pod of this Service became ready in {self.target.route.hold:g} s."
        self.fail(503, late if waited else "No pod of this Service is ready.")

    async def _connect(self, group: LiveGroup, backend: LiveBackend) -> None:
        try:
            sock = await backend.connect()
            loop = asyncio.get_running_loop()
            _, found = await loop.create_connection(lambda: Upstream(backend, sock), sock=sock)
        except (OSError, asyncio.TimeoutError) as error:
            self._is_late = isinstance(error, asyncio.TimeoutError)
            self._pass_over(backend)
            self.go(group)
        else:
            self._task = None
            self._send(found)

    def _try_later(self) -> None:
        """Try again if the request may wait, since a pod may be ready before it listens, or give up."""
        loop = asyncio.get_running_loop()
        if loop.time() < self.deadline:
            self._timer = loop.call_later(AGAIN, self._again)
        elif self._is_late:
            self.fail(504, "No pod of this Service accepts connections in time.")
        else:
            self.fail(502, "No pod of this Service accepts connections.")

    def _again(self) -> None:
        self._timer = None
        self._tried.clear()
        self._attempts = 0
        assert self.group
        self.go(self.group)

    def _pass_over(self, backend: LiveBackend) -> None:
        """Try no more to reach a pod."""
        self._task = None
        self._tried.add(backend)
        backend.shun()
        self.release()

    def _send(self, upstream: Upstream) -> None:
        """Send the head, and what there is of the body."""
        self._upstream = upstream
        kept = self._replay or b""
        try:
            data = self._take(self.downstream.buffer)
        except Malformed as wrong:
            upstream.close()
            self._upstream = None
            self.fail(wrong.status, wrong.why)
            return
        upstream.begin(self, self.request.head() + kept + data)
        self.downstream.flow()

    def feed(self, buffer: bytearray) -> None:
        """Pass on what the client's buffer holds of the body.

        Raises:
            Malformed: the client does not speak HTTP.
        """
        if self._upstream and not self._body.done and (data := self._take(buffer)):
            self._upstream.transport.write(data)

    def _take(self, buffer: bytearray) -> bytes:
        taken = self._body.feed(buffer) if buffer else 0
        if not taken:
            return b""
        data = bytes(buffer[:taken])
        del buffer[:taken]
        if self._replay is not None:
            self._replay = self._replay + data if len(self._replay) + taken <= SMALL else None
        return data

    @property
    def is_blocked(self) -> bool:
        """Whether the client should send no more at present."""
        return self._upstream is not None and self._upstream.is_blocked

    def pause(self, is_slow: bool) -> None:
        """Read no more of the answer while the client is slow."""
        if self._upstream and is_slow:
            self._upstream.transport.pause_reading()
        elif self._upstream:
            self._upstream.transport.resume_reading()

    # The answer

    def inform(self, head: bytes) -> None:
        """Pass on an answer that says only how the request is going, such as `100 Continue`."""
        if self.request.minor:
            self.forward(head)

    def accept(self, answer: http1.Answer, body: Body) -> bytes:
        """The head of the answer for the client."""
        self.is_heard = True
        self._replay = None
        self._answer = answer
        stays = self._body.done and not isinstance(body, UntilClose) and not self.target.is_leaving
        self._keeps = self._keeps and stays
        return answer.head(self._keeps)

    def forward(self, data: bytes) -> None:
        """Pass on a piece of the answer."""
        self.is_heard = True
        if data:
            self.downstream.transport.write(data)

    def complete(self, clean: bool) -> None:
        """The answer is over; `clean`: the pod sent nothing beyond it."""
        assert self._upstream
        assert self._answer
        upstream, self._upstream = self._upstream, None
        upstream.transport.resume_reading()
        if clean and self._answer.keeps and self._body.done:
            upstream.backend.keep(upstream)
        else:
            upstream.close()
        self.end(failed=self._answer.status >= 500, answered=True)
        self.downstream.finish(self._keeps)

    def switch(self, answer: http1.Answer, data: bytes) -> None:
        """Both sides speak another protocol from now on."""
        if not self.request.is_upgrade:
            raise Malformed(502, "it switches to a protocol that the client did not ask for")
        assert self._upstream
        client, pod = self.downstream.transport, self._upstream.transport
        client.write(answer.head(keep=True) + data)
        if self.downstream.buffer:
            pod.write(bytes(self.downstream.buffer))
        self._upstream.hand_over()
        self.downstream.hand_over()
        half = Half(client, self._end_tunnel)
        self.target.connections.add(half)
        half.join(Half(pod))

    def _end_tunnel(self, half: Half) -> None:
        self.target.connections.discard(half)
        self.end(failed=False, answered=True)

    # What goes wrong

    def broken(self, is_unread: bool) -> None:
        """The pod closed the connection within the answer or before it.

        Args:
            is_unread: whether it cannot have read the whole request.
        """
        self._upstream = None
        if self._answer:
            self.end(failed=True, answered=False)
            self.downstream.cut()
            return
        repeats = is_unread or self.request.method in http1.IDEMPOTENT
        if self.is_heard or self._replay is None or not repeats or self._attempts > ATTEMPTS:
            self.fail(502, "The pod closed the connection before it answered.")
            return
        assert self.group
        self.release()
        self.go(self.group)

    def fail(self, status: int, why: str) -> None:
        """Answer in place of the pod, or cut the answer if it has begun."""
        if self._upstream:
            self._upstream.abort()
            self._upstream = None
        self.end(failed=status >= 500, answered=False)
        if self._answer:
            self.downstream.cut()
        else:
            stays = self._body.done and not self.target.is_leaving
            self.downstream.refuse(status, why, self._keeps and stays)

    def abandon(self) -> None:
        """The client has left."""
        if self._timer:
            self._timer.cancel()
        if self._task:
            self._task.cancel()
        if self._upstream:
            self._upstream.abort()
        self.end(failed=False, answered=False)
