"""How a source is reached: straight, or through the proxy that the school's network wants."""

import base64
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from edge_cache.errors import SourceUnreachable
from edge_cache.line.errors import BadProxy


@dataclass(frozen=True, slots=True)
class Route:
    """Where to connect to for an address, and what to ask for there.

    `host`, `port` are the source's, `base` its path without a slash at the end; `proxy` is (host, port) of a proxy,
    `proxy_key` what it wants to see of who asks ("" for nothing).
    """

    secure: bool
    host: str
    port: int
    base: str
    proxy: tuple[str, int] | None = None
    proxy_key: str = ""

    @property
    def authority(self) -> str:
        """Host and port as HTTP writes them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"

    @property
    def door(self) -> tuple[str, int]:
        """Who is connected to."""
        return self.proxy or (self.host, self.port)

    def target(self, path: str) -> str:
        """What to ask for: a proxy of a plain source wants the whole address."""
        if self.proxy is not None and not self.secure:
            return f"http://{self.authority}{self.base}/{path}"
        return f"{self.base}/{path}"


def route_to(address: str, proxy: str | None = None) -> Route:
    """Return the route to an address ("http://host:port/base"); `proxy` goes before the environment's.

    The environment's are HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY as everywhere; "none" as `proxy` means
    straight. Raises SourceUnreachable or BadProxy for what is no address.
    """
    try:
        parts = urlsplit(address)
        secure = {"http": False, "https": True}[parts.scheme]
        host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    except (ValueError, KeyError):
        host = ""
    if not host:
        raise SourceUnreachable(address=address, why="this is no address of a source")
    named = proxy or _of_environment(parts.scheme, host, port)
    base = parts.path.rstrip("/")
    if named is None or named == "none":
        return Route(secure, host, port, base)
    try:
        at = urlsplit(named if "://" in named else f"http://{named}")
        door = (at.hostname or "", at.port or 8080)
    except ValueError:
        door = ("", 0)
    if not door[0] or at.scheme != "http":
        raise BadProxy(proxy=_without_key(named))
    key = ""
    if at.username is not None:
        pair = f"{unquote(at.username)}:{unquote(at.password or '')}"
        key = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return Route(secure, host, port, base, door, key)


def _of_environment(scheme: str, host: str, port: int) -> str | None:
    proxies = getproxies()
    if proxy_bypass(f"{host}:{port}"):
        return None
    return proxies.get(scheme) or proxies.get("all")


def _without_key(proxy: str) -> str:
    """A proxy's address as it may be shown: a password is not for a page."""
    return proxy.rpartition("@")[2]
