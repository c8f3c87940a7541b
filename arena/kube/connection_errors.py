"""Broken connections become `arena.errors` that name the cause: DNS, proxy, TLS or server."""

import sys
from collections.abc import Iterator
from typing import Any

from arena.errors import ArenaError, TimedOut, Unreachable
from arena.kube.endpoint import Endpoint
from arena.kube.faults import Asked, Garbled


def broken(cause: BaseException, asked: Asked, server: Endpoint) -> ArenaError:
    """The error for a request without an answer, or a broken stream."""
    chain = list(_chain(cause))
    # A SOCKS proxy whose name does not resolve is reported like an unknown server.
    is_socks = (server.proxy or "").startswith("socks")
    # If a limit of `limits.patience` broke the connection off, the library may blame the proxy.
    ours = type(cause) is TimeoutError
    if not ours and (_has(chain, "ProxyError") or (is_socks and _has(chain, "gaierror"))):
        return _proxy(chain, server)
    known = _dns(chain, asked, server.host) or _tls(chain, asked, server.host) or _slow(chain, asked, server)
    if known is not None:
        return known
    if _has(chain, "Excess"):
        text = f"{asked.cluster} sent an endless answer when asked to {asked.verb} {asked.noun}"
        return Garbled(
            text, "check the server's address and any proxy in front of it, or ask for less with -n or -l"
        )
    if _has(chain, "NewConnectionError", "ConnectionRefusedError"):
        text = f"{asked.cluster} does not answer at {server.address}: {_reason(chain)}"
        return Unreachable(text, "check that it runs, the network and VPN, or choose another --context")
    text = f"the connection to {asked.cluster} broke while asked to {asked.verb} {asked.noun}"
    if asked.verb in ("create", "change", "delete"):
        return Unreachable(text, "the request may have succeeded: check before you try again")
    return Unreachable(text, "try again")


def is_passing(cause: BaseException) -> bool:
    """Whether trying again soon may help: not if a name, TLS or a silent or endless server is at fault."""
    # A load balancer closes connections in the handshake while its server restarts.
    chain = [one for one in _chain(cause) if not _has([one], "SSLEOFError", "SSLZeroReturnError")]
    return not _has(chain, "gaierror", "SSLError", "TimeoutError", "Excess")


def _has(chain: list[BaseException], *names: str) -> bool:
    """Whether an exception of one of these types is among them.

    Compared by name: the HTTP library is imported only for requests that use it.
    """
    return any(base.__name__ in names for one in chain for base in type(one).__mro__)


def _chain(cause: BaseException) -> Iterator[BaseException]:
    """An exception and its origins: causes, reasons and wrapped arguments."""
    seen: list[BaseException] = []
    todo: list[Any] = [cause]
    while todo:
        one = todo.pop(0)
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            yield one
            todo += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]


def _proxy(chain: list[BaseException], server: Endpoint) -> ArenaError:
    said = next((str(one) for one in chain if str(one).startswith("Tunnel connection failed")), "")
    # PySocks: the answer of the proxy, such as 0x02: Connection not allowed by ruleset
    answer = next((str(one) for one in chain if getattr(one, "socket_err", "") is None), "")
    why = said.partition(": ")[2] or answer.rpartition(": ")[2].lower() or _reason(chain, "no answer in time")
    return proxy_refusal(why, server)


def proxy_refusal(why: str, server: Endpoint) -> ArenaError:
    """The error for a proxy that does not pass a request on."""
    origin = f" ({server.proxy_origin})" if server.proxy_origin else ""
    text = f"the proxy {server.proxy_address} does not let requests through to {server.host}: {why}{origin}"
    return Unreachable(text, "correct or remove it; NO_PROXY lists hosts that need no proxy")


def _dns(chain: list[BaseException], asked: Asked, host: str) -> ArenaError | None:
    if not _has(chain, "gaierror"):
        return None
    text = f"{asked.cluster} cannot be found: the name {host} does not resolve"
    return Unreachable(text, "check the server's address in the kubeconfig, the network and VPN")


def _tls(chain: list[BaseException], asked: Asked, host: str) -> ArenaError | None:
    if "ssl" not in sys.modules:
        return None  # so it cannot have failed, and it is slow to import
    import ssl

    refused = next((one for one in chain if isinstance(one, ssl.SSLCertVerificationError)), None)
    if refused is not None:
        text = f"{asked.cluster} cannot be trusted: invalid certificate of {host}: {refused.verify_message}"
        return Unreachable(text, "check certificate-authority and tls-server-name in the kubeconfig")
    fault = next((one for one in chain if isinstance(one, ssl.SSLError)), None)
    if fault is None:
        return None
    why = (getattr(fault, "reason", "") or "the handshake failed").replace("_", " ").lower()
    text = f"{asked.cluster} and this machine cannot agree on TLS with {host}: {why}"
    return Unreachable(text, "check the server's address and the client certificate in the kubeconfig")


def _slow(chain: list[BaseException], asked: Asked, server: Endpoint) -> ArenaError | None:
    if _has(chain, "ConnectTimeoutError") and not _has(chain, "NewConnectionError"):
        text = f"{asked.cluster} does not answer at {server.address}"
        return TimedOut(text, "check the network, VPN and proxy")
    if _has(chain, "ReadTimeoutError") or any(isinstance(one, TimeoutError) for one in chain):
        return TimedOut(f"{asked.cluster} took too long to {asked.verb} {asked.noun}", "try again")
    return None


def _reason(chain: list[BaseException], otherwise: str = "no connection") -> str:
    """The operating system's reason why there is no connection."""
    words = (one.strerror for one in chain if isinstance(one, OSError) and one.strerror)
    return next(words, otherwise).lower()
