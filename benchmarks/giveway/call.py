"""One end of a video call: `python -m benchmarks.giveway.call OWN PEER SECONDS`, 300 kbit/s of UDP each way.

Both ends are on one machine and one clock, so each packet's way can be timed. Prints JSON at its end.
"""

import contextlib
import json
import os
import socket
import struct
import sys
import time

PORT = 9000
PACKETS_PER_S = 50
PACKET_BYTES = 750
"""With IP and UDP headers: 300 kbit/s on the line."""
HEADERS = 28
_STAMP = struct.Struct("!Id")


def talk(own: str, peer: str, seconds: float) -> dict[str, object]:
    """Send and receive for `seconds`; return delays in seconds of what came, by when it came, and how many came not."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((own, PORT))
    began = time.monotonic()
    sent, heard = 0, list[tuple[float, float]]()
    most = 0
    while (now := time.monotonic()) - began < seconds + 2:  # the last ones may be on their way
        if now - began < seconds and now >= began + sent / PACKETS_PER_S:
            stamp = _STAMP.pack(sent, now)
            with contextlib.suppress(OSError):
                sock.sendto(stamp.ljust(PACKET_BYTES - HEADERS, b"\0"), (peer, PORT))
            sent += 1
        sock.settimeout(max(0.0005, min(0.01, began + sent / PACKETS_PER_S - time.monotonic())))
        with contextlib.suppress(OSError):
            data = sock.recv(2048)
            number, at = _STAMP.unpack_from(data)
            came = time.monotonic()
            heard.append((came - began, came - at))
            most = max(most, number + 1)
    return {"heard": heard, "lost": 1 - len(heard) / most if most else 1.0}


if __name__ == "__main__":
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(9))
    print(json.dumps(talk(sys.argv[1], sys.argv[2], float(sys.argv[3]))))
