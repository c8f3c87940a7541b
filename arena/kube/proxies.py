"""The proxy that requests go through, and where it is configured."""

import ipaddress
import os
from collections.abc import Mapping
from importlib.util import find_spec
from urllib.parse import urlsplit

from arena.errors import SpecError
from arena.kube.endpoint import Endpoint
from arena.kube.kubeconfig import PROXIES, Context, is_address, place


def of(context: Context, server: str) -> tuple[str | None, str]:
    """The proxy for the server, and where it is configured; raises SpecError if it cannot be used."""
    named = context.cluster.get("proxy-url")
    if not named:
        return proxy_for(server)
    origin = f"proxy-url in {place(context.files, 'proxy-url', named)}"
    return _usable(named, origin), origin


def proxy_for(server: str) -> tuple[str | None, str]:
    """The proxy for an address in the environment, and the variable: see `of`.

    There is none for loopback, or for hosts in NO_PROXY.
    """
    url = urlsplit(server)
    host = url.hostname or ""
    proxies = _proxies()
    variable = url.scheme if proxies.get(url.scheme) else "all"
    proxy, origin = proxies.get(variable), f"{variable.upper()}_PROXY"
    exempt = [one.strip().lower() for one in proxies.get("no", "").split(",") if one.strip()]
    if (
        not proxy
        or Endpoint(server=server).is_loopback
        or any(_covers(one, host, url.netloc) for one in exempt)
    ):
        return None, ""
    return _usable(proxy if "://" in proxy else f"http://{proxy}", origin), origin


def _usable(proxy: str, origin: str) -> str:
    """Return the proxy; raises SpecError if it is not valid."""
    # The address itself is not shown, because it may contain a password.
    if not is_address(proxy, PROXIES):
        text = f"{origin} is not the address of a proxy"
        raise SpecError(text, "write it like http://HOST:PORT or socks5://HOST:PORT")
    if proxy.startswith("socks") and find_spec("socks") is None:
        text = f"{origin} names a SOCKS proxy, which needs the package PySocks"
        raise SpecError(text, "install it with arena: pip install PySocks; or use an http proxy")
    return proxy


def _proxies() -> Mapping[str, str]:
    """The proxy for each scheme, and the hosts that need none; usually no variable is set.

    Those of the settings of macOS do not count, as for kubectl.
    """
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return {}  # without the import, which takes as long as that of TLS
    from urllib.request import getproxies_environment

    return getproxies_environment()


def _covers(exempt: str, host: str, netloc: str) -> bool:
    """Whether an entry of NO_PROXY (a domain, host, host:port, address or network) covers a host."""
    if exempt == "*" or exempt in (host, netloc) or host.endswith("." + exempt.lstrip("*").lstrip(".")):
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(exempt, strict=False)
    except ValueError:
        return False
