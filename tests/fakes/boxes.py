"""A second box of the same school: it knows its direction, holds nothing, and has no line any more."""

import copy
from pathlib import Path

from catalog.formats.ids import new_id
from tests.fakes.school import School

NOBODY = "http://127.0.0.1:9"


def box_without_line(school: School, folder: Path) -> School:
    """Enrol a box in `folder`, let it hear what it should hold but not what the releases say, and cut its line."""
    wire, box = school.wire, copy.copy(school)
    before = wire.node, wire.direction, wire.fault
    box.folder, wire.node = folder, new_id()
    wire.fault = lambda name, _start: "404" if name.startswith("releases/") else None
    try:
        wire.direct((school.release.course, 1))
        box.enrol()
        assert box.sync().held[0].bytes_held == 0
        course = (school.release.course, 1)
        wire.direction = wire.world.direct(wire.node, f"{NOBODY}/store", [course])
        box.sync()
    finally:
        wire.node, wire.direction, wire.fault = before
    identity = folder / "node.json"
    identity.write_text(identity.read_text().replace(wire.address, NOBODY))
    return box
