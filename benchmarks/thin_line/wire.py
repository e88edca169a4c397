"""The line as a process: `python -m benchmarks.thin_line.wire NEAR FAR SPEC`, as root, in the caller's namespace.

NEAR and FAR are network namespaces that exist; SPEC is a LineSpec as JSON. It prints "up" once the line is there.
Words on its standard input: `stats` (answers one line of JSON), `cut`, `mend`; at the input's end it ends.
"""

import contextlib
import ctypes
import fcntl
import heapq
import json
import os
import select
import struct
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.thin_line.shaping import Direction, LineSpec

NEAR_IP, FAR_IP = "10.77.0.2", "10.77.0.1"
DEVICE = "wan0"
_CLONE_NEWNET = 0x40000000
_TUNSETIFF, _TUN_WITHOUT_INFO = 0x400454CA, 0x1001
_MOST_AT_ONCE = 64


def make_tun(namespace: str, own: str, peer: str) -> int:
    """Make the device in `namespace` and return its file descriptor."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/var/run/netns/{namespace}", os.O_RDONLY)
    try:
        _enter(libc, there)
        tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), _TUN_WITHOUT_INFO))
        for words in (
            f"ip address add {own}/32 peer {peer} dev {DEVICE}",
            f"ip link set {DEVICE} mtu 1500 txqueuelen 1000 up",
            "ip link set lo up",
        ):
            subprocess.run(words.split(), check=True)
    finally:
        _enter(libc, home)
        os.close(home)
        os.close(there)
    return tun


def _enter(libc: ctypes.CDLL, namespace: int) -> None:
    if libc.setns(namespace, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class Wire:
    """Carries packets between two devices until its standard input ends."""

    def __init__(self, near: int, far: int, spec: LineSpec) -> None:
        self._ways = {far: (near, Direction.of(spec, down=True)), near: (far, Direction.of(spec, down=False))}
        self._down, self._up = self._ways[far][1], self._ways[near][1]
        self._flying: list[tuple[float, int, int, bytes]] = []
        self._count = 0

    def run(self) -> None:
        """Carry packets."""
        events = select.epoll()
        for descriptor in (*self._ways, sys.stdin.fileno()):
            events.register(descriptor, select.EPOLLIN)
        print("up", flush=True)
        while True:
            wait = self._flying[0][0] - time.monotonic() if self._flying else 1.0
            for descriptor, _ in events.poll(max(0.0, wait)):
                if descriptor in self._ways:
                    self._read(descriptor)
                elif not self._obey(sys.stdin.readline().strip()):
                    return
            self._deliver()

    def _read(self, device: int) -> None:
        target, way = self._ways[device]
        for _ in range(_MOST_AT_ONCE):
            try:
                packet = os.read(device, 65536)
            except BlockingIOError:
                return
            if packet[0] >> 4 != 4:  # what a kernel says by itself over IPv6 is no part of a race
                continue
            arrives = way.take(time.monotonic(), len(packet))
            if arrives is not None:
                self._count += 1
                heapq.heappush(self._flying, (arrives, self._count, target, packet))

    def _deliver(self) -> None:
        now = time.monotonic()
        while self._flying and self._flying[0][0] <= now:
            _, _, target, packet = heapq.heappop(self._flying)
            with contextlib.suppress(OSError):  # the device's own queue is full, as a card's may be
                os.write(target, packet)

    def _obey(self, word: str) -> bool:
        if word == "stats":
            told = {"now": time.monotonic(), "down": self._down.counts.told(), "up": self._up.counts.told()}
            print(json.dumps({**told, "cpu_s": time.process_time()}), flush=True)
        elif word in ("cut", "mend"):
            self._down.is_cut = self._up.is_cut = word == "cut"
        return bool(word)


def main() -> None:
    """Make the devices and carry packets; before all others, where that is allowed: a line is never late."""
    near, far, spec = sys.argv[1:]
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))
    tuns = make_tun(near, NEAR_IP, FAR_IP), make_tun(far, FAR_IP, NEAR_IP)
    Wire(*tuns, LineSpec(**json.loads(spec))).run()


if __name__ == "__main__":
    if not Path("/dev/net/tun").exists():
        sys.exit("This machine has no /dev/net/tun: the line cannot be made here.")
    main()
