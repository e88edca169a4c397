"""What crossed the line, by what it was: questions to centre and store as a relay saw them."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from catalog.formats.protocol import DIRECTION_PATH
from tests.fakes.relay import Exchange

MEDIA = ("packs", "blobs")
HEADS_OF_PACKET = 60
"""Most bytes of IPv4 and TCP heads in a packet that carries little or nothing."""
PACKETS_OF_A_QUESTION = 4
PACKETS_OF_A_CONNECTION = 7
"""A question and its answer with an acknowledgement each; three packets open a connection and four close it."""


def kind_of(path: str) -> str:
    """Return what is asked for at a path: `packs`, `blobs`, `indexes`, `releases`, `metadata` or `centre`. Pure."""
    parts = urlsplit(path).path.strip("/").split("/")
    return "centre" if parts[0] == "api" else parts[1] if len(parts) > 1 else parts[0]


@dataclass(frozen=True)
class Crossed:
    """Bytes of HTTP in both directions, by kind: bodies, and all heads together."""

    bodies: dict[str, int]
    heads: int

    @property
    def media(self) -> int:
        """Pictures, sound and stills."""
        return sum(self.bodies.get(kind, 0) for kind in MEDIA)

    @property
    def rest(self) -> int:
        """All else: statements, the release, indexes, what was said to the centre, and the heads of everything."""
        return sum(self.bodies.values()) - self.media + self.heads

    @property
    def words(self) -> str:
        """For a note."""
        kinds = ", ".join(f"{kind} {length:,}" for kind, length in sorted(self.bodies.items()) if length)
        return f"{kinds}, heads {self.heads:,} bytes"


def crossed(exchanges: Sequence[Exchange]) -> Crossed:
    """Sum up what crossed. Pure."""
    bodies: dict[str, int] = {}
    for one in exchanges:
        kind = kind_of(one.path)
        bodies[kind] = bodies.get(kind, 0) + one.up + one.down - one.heads
    return Crossed(bodies, sum(one.heads for one in exchanges))


def looks(exchanges: Sequence[Exchange]) -> list[list[Exchange]]:
    """Return the questions of each look: it begins with the one for the direction. Pure."""
    found: list[list[Exchange]] = []
    for one in exchanges:
        if kind_of(one.path) == "centre" and one.path.endswith(DIRECTION_PATH):
            found.append([])
        if found:
            found[-1].append(one)
    return found


def look_bytes(questions: Sequence[Exchange]) -> int:
    """Return what a look takes of the line, heads of packets too, if each question opens a connection. Pure."""
    packets = len(questions) * (PACKETS_OF_A_QUESTION + PACKETS_OF_A_CONNECTION)
    return sum(one.up + one.down for one in questions) + packets * HEADS_OF_PACKET
