"""What the kernel knows of a connection, and what a receiver can tell a sender: how much may be on its way."""

import contextlib
import socket
import struct
from dataclasses import dataclass

MSS = 1448
"""Bytes of payload in a full packet of 1,500 bytes with TCP timestamps."""

JUMBO = 9000
"""Bytes of the largest packets that any wire carries."""

_RTT_AT, _ADVMSS_AT, _RCV_RTT_AT = 68, 84, 92
_WINDOW_CLAMP = getattr(socket, "TCP_WINDOW_CLAMP", 10)
_INFO_BYTES = 104


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """Seconds from here to the source and back, as the kernel measured them: `sent` by what we sent last (smoothed;
    after the handshake that alone), `received` by what we receive (RFC 7323's timestamps). None: not measured."""

    sent: float | None
    received: float | None


def round_trip(connection: socket.socket) -> RoundTrip:
    """Return what the kernel has measured on a TCP connection; nothing where it does not say (not Linux)."""
    sent, received = _info(connection, _RTT_AT, _RCV_RTT_AT)
    return RoundTrip(sent / 1e6 or None, received / 1e6 or None)


def is_within_machine(connection: socket.socket) -> bool:
    """Say whether both ends of a connection are on this machine: only there are packets larger than any wire carries.

    Nobody is there to give way to, and of windows of wires' packets nothing would come: they are smaller than one.
    """
    return _info(connection, _ADVMSS_AT)[0] > JUMBO


def _info(connection: socket.socket, *places: int) -> list[int]:
    """Return the numbers at these places of the kernel's `tcp_info`; zeros where it does not say (not Linux)."""
    info = b""
    with contextlib.suppress(OSError, AttributeError):
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
    return [struct.unpack_from("=I", info, at)[0] if len(info) >= at + 4 else 0 for at in places]


def limit_window(connection: socket.socket, window: int) -> None:
    """Let at most about `window` bytes be on their way to us: rLEDBAT's lever (RFC 9840, 4.1), by the kernel's clamp.

    Where there is no such option nothing happens: then the line is shared as TCP shares it.
    """
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, _WINDOW_CLAMP, max(MSS, window))


def keep_window(connection: socket.socket, window: int) -> None:
    """Limit the window again if the kernel has forgotten that: it does when it learns how large the packets are."""
    with contextlib.suppress(OSError):
        if connection.getsockopt(socket.IPPROTO_TCP, _WINDOW_CLAMP) != window:
            limit_window(connection, window)


def limit_buffer(connection: socket.socket, window: int) -> None:
    """Let the kernel take in at most about `window` bytes that we have not read yet."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
