"""A real HTTP server in a thread that plays the object store and the centre, and misbehaves on demand."""

import asyncio
import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from catalog.formats.ids import new_id
from catalog.formats.protocol import DIRECTION_PATH, ENROL_PATH, REPORT_PATH, TIMESTAMP_HEADER
from catalog.formats.timetable import TIMETABLE_PATH, TimetableSent
from tests.fakes.repository import TIMESTAMP
from tests.fakes.signed_world import SignedWorld
from tests.fakes.timetable_centre import FakeTimetableCentre

TOKEN = "t" * 43
Fault = Callable[[str, int | None], str | None]
"""Told the object's name and the start of the range asked for; answers the name of a fault, or None."""


class Wire:
    """`faults` maps a request to how it is spoiled. `log` holds (name, start, end) of each object answered with."""

    def __init__(self, world: SignedWorld) -> None:
        self.world = world
        self.node = new_id()
        self.code = f"ABCD-EFGH-JKLM-{_grouped(world.root)}"
        self.fault: Fault = lambda _name, _start: None
        self.enrolment = 201
        self.direction: bytes | None = None
        self.reports: dict[str, dict[str, Any]] = {}
        self.report_posts = 0
        self.report_status = 200
        self.clock_ahead = timedelta(0)
        self.timetable = FakeTimetableCentre()
        self.timestamp: Callable[[], str | None] = self.stored_timestamp
        self.log: list[tuple[str, int, int]] = []
        self.asked: list[str] = []
        self.release_stalled = threading.Event()
        self.seen = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"wire": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def store_url(self) -> str:
        return f"{self.address}/store"

    def direct(self, *courses: tuple[str, int], **policy: Any) -> None:
        """Have the centre hold a fresh direction for the node; `policy` is of a Policy's fields."""
        self.direction = self.world.direct(self.node, self.store_url, courses, policy, self.clock_ahead)

    def stored_timestamp(self) -> str | None:
        """The digest of the store's timestamp, as an honest centre tells it."""
        return hashlib.sha256(self.world.objects[TIMESTAMP]).hexdigest()

    def pack_bytes(self) -> int:
        """Bytes of packs that were sent."""
        return sum(end - start for name, start, end in self.log if name.startswith("packs/"))

    def wait_for(self, there: Callable[[], bool], seconds: float = 30) -> None:
        """Wait until `there()`; looked at after each answer."""
        with self.seen:
            assert self.seen.wait_for(there, seconds), "it did not come"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.release_stalled.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _grouped(root: bytes) -> str:
    print_ = base64.b32encode(hashlib.sha256(root).digest()).decode()[:12]
    return "-".join(print_[n : n + 4] for n in (0, 4, 8))


class _Handler(BaseHTTPRequestHandler):
    wire: Wire
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def do_GET(self) -> None:
        if "://" in self.path:  # as a proxy is asked
            self.path = "/" + self.path.partition("://")[2].partition("/")[2]
        self.wire.asked.append(self.path)
        if self.path == DIRECTION_PATH:
            self._direction()
        elif self.path.startswith("/store/"):
            self._object(self.path.removeprefix("/store/"))
        else:
            self._send(404, b"", {})
        with self.wire.seen:
            self.wire.seen.notify_all()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == ENROL_PATH:
            self._enrol(json.loads(body))
        elif self.path == REPORT_PATH:
            self.wire.report_posts += 1
            report = json.loads(body)
            if self.wire.report_status in (200, 500):  # at 500 the answer is lost, not the report
                self.wire.reports[report["id"]] = report
            now = (datetime.now(UTC) + self.wire.clock_ahead).isoformat()
            answer = {"id": report["id"], "now": now, "direction_version": self.wire.world.direction_version}
            self._json(self.wire.report_status, answer | {"timetable": self.wire.timetable.digest})
        elif self.path == TIMETABLE_PATH:
            said = asyncio.run(self.wire.timetable.timetable(TimetableSent.model_validate_json(body)))
            self._json(200, said.model_dump(mode="json"))
        with self.wire.seen:
            self.wire.seen.notify_all()

    def _enrol(self, request: dict[str, str]) -> None:
        codes = {404: "enrolment.unknown-code", 409: "enrolment.used", 410: "enrolment.expired", 429: "too-many"}
        if self.wire.enrolment in codes:
            self._json(self.wire.enrolment, {"code": codes[self.wire.enrolment], "detail": "no"})
            return
        if self.wire.enrolment == 200:
            self._send(200, b"<html>sign in</html>", {"Content-Type": "text/html"})
            return
        self._json(
            201,
            {
                "node": self.wire.node,
                "name": "教学点一号",
                "site_name": "马边县第三小学",
                "token": TOKEN,
                "root": self.wire.world.root.decode(),
                "store_url": self.wire.store_url,
                "now": datetime.now(UTC).isoformat(),
            },
        )

    def _direction(self) -> None:
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            self._json(401, {"code": "node.unknown", "detail": "no"})
        elif self.wire.direction is None:
            self._json(404, {"code": "direction.none", "detail": "none"})
        else:
            etag = f'"{hashlib.sha256(self.wire.direction).hexdigest()[:16]}"'
            if self.headers.get("if-none-match") == etag:
                told = self.wire.timestamp()
                self._send(304, b"", {"ETag": etag} | ({TIMESTAMP_HEADER: told} if told else {}))
            else:
                self._send(200, self.wire.direction, {"ETag": etag, "Content-Type": "application/json"})

    def _object(self, name: str) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("range", ""))
        start = int(wanted[1]) if wanted else None
        fault = self.wire.fault(name, start)
        data = self.wire.world.objects.get(name)
        if data is None:
            self._send(404, b"<Error/>", {"Content-Type": "application/xml"})
            return
        part, status, headers = data, 200, {"Content-Type": "application/octet-stream"}
        if wanted:
            end = min(int(wanted[2]) + 1, len(data))
            part, status = data[int(wanted[1]) : end], 206
            headers["Content-Range"] = f"bytes {wanted[1]}-{end - 1}/{len(data)}"
        if fault is None:
            self.wire.log.append((name, start or 0, (start or 0) + len(part)))
            self._send(status, part, headers)
        else:
            self._spoil(fault, status, part, data, headers)

    def _drip(self, status: int, part: bytes, headers: dict[str, str]) -> None:
        self._send(status, part[:1], headers, length=len(part))
        for at in range(1, len(part)):
            if self.wire.release_stalled.wait(0.05):
                break
            self.wfile.write(part[at : at + 1])
        self.close_connection = True

    def _spoil(self, fault: str, status: int, part: bytes, data: bytes, headers: dict[str, str]) -> None:
        if fault == "expired":
            self._send(403, b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>", {})
        elif fault == "drip":
            self._drip(status, part, headers)
        elif fault.isdecimal():
            self._send(int(fault), b"no", {})
        elif fault == "hang-up":
            self.close_connection = True
        elif fault == "stall":
            self.wire.release_stalled.wait(30)
            self.close_connection = True
        elif fault in ("portal", "redirect", "whole"):
            answers: dict[str, tuple[int, bytes, dict[str, str]]] = {
                "portal": (200, b"<html>please sign in</html>", {"Content-Type": "text/html"}),
                "redirect": (302, b"", {"Location": "http://portal.invalid/"}),
                "whole": (200, data, {"Content-Type": "video/mp4"}),
            }
            self._send(*answers[fault])
        elif fault == "elsewhere":
            self._send(status, part, {**headers, "Content-Range": f"bytes 0-{len(part) - 1}/{len(data)}"})
        elif fault == "short":
            self._send(status, part[: len(part) // 2], headers, length=len(part))
            self.close_connection = True
        elif fault == "endless":
            self._send(status, part + b"\0" * 100_000, {**headers, "Connection": "close"}, length=None)
            self.close_connection = True
        elif fault == "flip":
            spoiled = bytearray(part)
            spoiled[len(part) // 2] ^= 1
            self._send(status, bytes(spoiled), headers)
        else:
            raise AssertionError(fault)

    def _json(self, status: int, value: dict[str, object]) -> None:
        kind = "application/json" if status < 400 else "application/problem+json"
        self._send(status, json.dumps(value).encode(), {"Content-Type": kind})

    def _send(self, status: int, body: bytes, headers: dict[str, str], length: int | None = -1) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(len(body) if length < 0 else length))
        self.end_headers()
        self.wfile.write(body)
