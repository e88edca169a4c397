"""Nodes on the same LAN find each other by multicast DNS (RFC 6762, 6763): service `_songtan._tcp.local.`.

The name in an announcement is the node's id; its host name `songtan-<last six of the id>.local` survives DHCP.
What is announced is believed as far as an address on a network of this box: a source is believed in nothing.
"""

import asyncio
import contextlib
import ipaddress
from collections.abc import Callable, Iterable

import ifaddr
import structlog
from zeroconf import InterfaceChoice, IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

log = structlog.get_logger(__name__)

SERVICE = "_songtan._tcp.local."
ANSWER_MS = 3000
MAX_NEIGHBOURS = 16
ANNOUNCE_SECONDS = 60.0
"""How often the box's own addresses are looked at: DHCP may change them."""

Networks = list[ipaddress.IPv4Interface]


def own_networks() -> Networks:
    """Return the IPv4 addresses of this box with their networks."""
    return [
        ipaddress.IPv4Interface(f"{ip.ip}/{ip.network_prefix}")
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if ip.is_IPv4
    ]


def near_address(addresses: Iterable[str], port: int | None, networks: Networks) -> str | None:
    """Return `http://address:port` of the first of `addresses` that lies on one of `networks`; None if none does."""
    for text in addresses:
        address = ipaddress.ip_address(text)
        if port and address.version == 4 and any(address in interface.network for interface in networks):
            return f"http://{address}:{port}"
    return None


class Discovery:
    """Announces the node `node`, which listens on `port`, and hears of others.

    `on_change` is called when one came or went. `only` are the addresses of the interfaces to use, all of them if it
    is empty.
    """

    def __init__(self, node: str, port: int, on_change: Callable[[], object], only: tuple[str, ...] = ()) -> None:
        self._node, self._port, self._on_change, self._only = node, port, on_change, only
        self._found: dict[str, str] = {}
        self._asking: set[asyncio.Task[None]] = set()

    @property
    def addresses(self) -> list[str]:
        """Addresses of the nodes that are on the LAN now."""
        return sorted(self._found.values())

    async def run(self) -> None:
        """Announce and listen, until cancelled. A LAN without multicast is no fault: then addresses are set by hand."""
        try:
            zeroconf = AsyncZeroconf(
                interfaces=[*self._only] if self._only else InterfaceChoice.All, ip_version=IPVersion.V4Only
            )
        except OSError as error:
            log.warning("discovery.away", why=str(error))
            return
        browser = AsyncServiceBrowser(zeroconf.zeroconf, SERVICE, handlers=[self._heard])
        try:
            await self._announce(zeroconf)
        finally:
            await browser.async_cancel()
            await asyncio.shield(zeroconf.async_close())  # tells the others that this node goes
            self._found.clear()

    async def _announce(self, zeroconf: AsyncZeroconf) -> None:
        told: AsyncServiceInfo | None = None
        while True:
            info = self._info()
            if told is None or told.addresses != info.addresses:
                with contextlib.suppress(OSError):  # the network is down just now
                    await (zeroconf.async_register_service if told is None else zeroconf.async_update_service)(info)
                    told = info
            await asyncio.sleep(ANNOUNCE_SECONDS)

    def _info(self) -> AsyncServiceInfo:
        addresses = [str(i.ip) for i in own_networks() if not i.is_loopback or str(i.ip) in self._only]
        return AsyncServiceInfo(
            SERVICE,
            f"{self._node}.{SERVICE}",
            port=self._port,
            parsed_addresses=[a for a in addresses if not self._only or a in self._only],
            server=f"songtan-{self._node[-6:].lower()}.local.",
            properties={"v": "1"},
        )

    def _heard(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        """Hear of a service that came, changed or went. The names of the arguments are the library's."""
        node = name.removesuffix(f".{SERVICE}")
        if node == self._node or service_type != SERVICE:
            return
        if state_change is ServiceStateChange.Removed:
            if self._found.pop(node, None):
                log.info("peer.gone", peer=node)
                self._on_change()
        elif len(self._asking) < MAX_NEIGHBOURS:
            task = asyncio.get_running_loop().create_task(self._ask(zeroconf, node, name))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _ask(self, zeroconf: Zeroconf, node: str, name: str) -> None:
        info = AsyncServiceInfo(SERVICE, name)
        if not await info.async_request(zeroconf, ANSWER_MS):
            return
        address = near_address(info.parsed_addresses(IPVersion.V4Only), info.port, own_networks())
        if address is None or (node not in self._found and len(self._found) >= MAX_NEIGHBOURS):
            return
        if self._found.get(node) != address:
            self._found[node] = address
            log.info("peer.found", peer=node, address=address)
            self._on_change()
