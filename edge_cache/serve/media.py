"""Addresses of the media, and what is answered there. Handlers that are plain functions run in Starlette's threads.

/media/<course>/<release>/<lesson>/lesson.m3u8      the lesson's renditions that are here, of both tiers
/media/<course>/<release>/<lesson>/<rung>.m3u8      those of one rung
/media/<course>/<release>/<lesson>/<rung>.mp4       the lesson as one file, for every screen
/media/<course>/<release>/<lesson>/<rung>.modern.mp4    the same in the modern tier
    ?first=<count>                                      the first segments only, of a lesson that is still on its way
/media/<course>/<release>/<lesson>/chapters.vtt     its chapters
/media/<course>/<release>/<lesson>/thumbnails.vtt   its stills by time, as far as they are here
/media/track/<index>/<count>.m3u8                   the first `count` segments of a track
/media/track/<index>/init.mp4, <number>.m4s         immutable: named by digest and number
/media/caption/<milliseconds>/<digest>.m3u8, /media/blob/<digest>.vtt, .jpg, .png
"""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from functools import lru_cache

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from catalog.formats.cues import chapters_vtt, thumbnails_vtt
from catalog.formats.errors import BadFormat
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import Index, Segment
from catalog.formats.playlist import Addresses, caption_playlist, media_playlist, multivariant
from catalog.formats.release import Lesson, Still
from catalog.formats.rungs import Rung, Tier
from edge_cache.errors import MediaDamaged, MediaUnknown
from edge_cache.releases.repository import ReleaseRepository, RungState
from edge_cache.serve.progressive import ProgressiveFile
from edge_cache.serve.ranges import Span, Unsatisfiable, matches, range_still_holds, read_range
from edge_cache.serve.sending import Missing, Parts, Sender, Streamed
from edge_cache.store.keeper import Keeper
from edge_cache.store.reading import Opened
from edge_cache.store.repository import StoreRepository

log = structlog.get_logger(__name__)

IMMUTABLE = "public, max-age=31536000, immutable"
FRESH = "no-cache"
HLS_TYPE = "application/vnd.apple.mpegurl"
VTT_TYPE = "text/vtt; charset=utf-8"
BLOB_TYPES = {"vtt": VTT_TYPE, "jpg": "image/jpeg", "png": "image/png"}
CACHED_LAYOUTS = 64
"""Indexes, and files made of them, that are kept: what sixty screens play at once takes some 3 MB."""


class Media:
    """Serves views of what the keeper holds."""

    def __init__(self, releases: ReleaseRepository, keeper: Keeper) -> None:
        self._releases, self._keeper, self.sender = releases, keeper, Sender(keeper)
        self._index = lru_cache(maxsize=CACHED_LAYOUTS)(self._read_index)
        self._file = lru_cache(maxsize=CACHED_LAYOUTS)(self._lay_out)
        self.on_bytes: Callable[[int], None] = lambda count: None

    def routes(self) -> list[Route]:
        """The routes of this module."""
        return [
            Route("/media/{course}/{release:int}/{lesson}/lesson.m3u8", self.lesson_playlist),
            Route("/media/{course}/{release:int}/{lesson}/{rung}.m3u8", self.rung_playlist),
            Route("/media/{course}/{release:int}/{lesson}/{rung}.mp4", self.progressive),
            Route("/media/{course}/{release:int}/{lesson}/chapters.vtt", self.chapters),
            Route("/media/{course}/{release:int}/{lesson}/thumbnails.vtt", self.thumbnails),
            Route("/media/track/{index}/init.mp4", self.init),
            Route("/media/track/{index}/{count:int}.m3u8", self.track_playlist),
            Route("/media/track/{index}/{number:int}.m4s", self.segment),
            Route("/media/caption/{milliseconds:int}/{digest}.m3u8", self.caption),
            Route("/media/blob/{digest}.{kind}", self.blob),
        ]

    def close(self) -> None:
        """Let go of the threads that read for screens."""
        self.sender.close()

    def lesson_playlist(self, request: Request) -> Response:
        """The renditions that are whole here; while none can be watched, what most is here of, as far as it goes."""
        lesson, rungs = self._lesson(request)
        watched = [rung for rung in rungs if rung.watchable]
        shown = [rung for rung in watched if rung.complete]
        if not shown and not self._serves(request):
            shown = [rung for rung in rungs if rung.complete]
        return self._playlist(lesson, shown or self._furthest(watched))

    def rung_playlist(self, request: Request) -> Response:
        """The renditions of one rung that are whole here; while none is, the one that most is here of."""
        lesson, rungs = self._lesson(request)
        asked = [rung for rung in rungs if rung.rung == request.path_params["rung"]]
        return self._playlist(lesson, [rung for rung in asked if rung.complete] or self._furthest(asked))

    def _playlist(self, lesson: Lesson, shown: list[RungState]) -> Response:
        """Answer with the playlist of `shown`. Raises MediaUnknown if there is nothing in it."""
        # The first rendition is where a player begins: on a school's own network, the best that is whole, and of two
        # equals the one that every screen plays.
        order = sorted(shown, key=lambda rung: (-rung.height, rung.tier))
        renditions = [r for rung in order if (r := lesson.media.rendition(Rung(rung.rung), Tier(rung.tier)))]
        if not renditions:
            raise MediaUnknown
        captions = [c for c in lesson.captions if self._held(c.sha256)]
        held: dict[str, int] = {}
        for rung in shown:  # a part ends where its pictures or its sound do, whichever is first
            count = playable_segments(rung, self._keeper.rows)
            tracks = [digest for digest in (rung.video, rung.sound) if digest]
            held |= {digest: self._keeper.rows.playable(digest) if rung.complete else count for digest in tracks}
        text = multivariant(
            lesson.media,
            renditions,
            captions,
            Addresses(
                rendition=lambda r: _track_address(r.video.index, held) if r.video else "",
                sound=lambda s: _track_address(s.index, held),
                caption=lambda c: f"/media/caption/{lesson.media.duration_ms}/{c.sha256}.m3u8",
            ),
        )
        return Response(text, media_type=HLS_TYPE, headers={"Cache-Control": FRESH})

    def chapters(self, request: Request) -> Response:
        """The lesson's chapters, as WebVTT."""
        media = self._lesson(request)[0].media
        if not media.chapters:
            raise MediaUnknown
        data = chapters_vtt(media.chapters, media.duration_ms).encode()
        return _whole(request, data, f'"{sha256_hex(data)[:32]}"', VTT_TYPE)

    def thumbnails(self, request: Request) -> Response:
        """The lesson's stills that are here, as WebVTT; there will be more as they come."""
        media = self._lesson(request)[0].media
        if not media.stills:
            raise MediaUnknown

        def address(still: Still) -> str | None:
            return still_address(still) if self._held(still.sha256) else None

        data = thumbnails_vtt(media.stills, media.duration_ms, address).encode()
        etag = f'"{sha256_hex(data)[:32]}"'
        if matches(request.headers.get("if-none-match"), etag):
            return Response(status_code=304, headers={"ETag": etag, "Cache-Control": FRESH})
        return Response(data, media_type=VTT_TYPE, headers={"ETag": etag, "Cache-Control": FRESH})

    def track_playlist(self, request: Request) -> Response:
        """The first `count` segments of a track; all of them never change, fewer may be outgrown."""
        digest, count = request.path_params["index"], request.path_params["count"]
        index = self._known(digest)
        if not 1 <= count <= len(index.segments):
            raise MediaUnknown
        text = media_playlist(
            index, f"/media/track/{digest}/init.mp4", lambda n: f"/media/track/{digest}/{n}.m4s", count
        )
        return _whole(request, text.encode(), f'"{digest[:32]}-{count}"', HLS_TYPE)

    def init(self, request: Request) -> Response:
        """A track's init part."""
        digest = request.path_params["index"]
        return _whole(request, self._known(digest).init, f'"{digest[:32]}-init"', "video/mp4")

    async def segment(self, request: Request) -> Response:
        """A segment at its place in its track."""
        digest, number = request.path_params["index"], request.path_params["number"]
        row, following, opened = await self.sender.run(self._open, digest, number)
        etag = f'"{row.digest[:32]}-{number}"'
        status, span, headers = answer_range(request, etag, row.length)
        if span is None or request.method == "HEAD":
            opened.close()
            return Response(status_code=status, headers=headers, media_type="video/mp4")
        self._keeper.watch(digest)
        if following is not None:
            self.sender.read_ahead(following.digest)
        body = self.sender.parts(opened, row.digest, opened.fields.filled(number + 1, row.start), span.start, span.end)
        return Streamed(body, opened.close, status, headers, "video/mp4", self.on_bytes)

    def _open(self, digest: str, number: int) -> tuple[Segment, Segment | None, Opened]:
        """Return a segment's row, the row after it, and the segment. Raises MediaUnknown or MediaDamaged."""
        rows = self._known(digest).segments
        if number >= len(rows):
            raise MediaUnknown
        opened = self._keeper.open(rows[number].digest)
        if opened is None:
            raise MediaDamaged
        return rows[number], rows[number + 1] if number + 1 < len(rows) else None, opened

    async def progressive(self, request: Request) -> Response:
        """A lesson as one MP4, whole or by range; bytes are read and verified as they are sent."""
        file, tracks = await self.sender.run(self._progressive_file, request)
        status, span, headers = answer_range(request, file.etag, file.size)
        if span is None or request.method == "HEAD":
            return Response(status_code=status, headers=headers, media_type="video/mp4")
        for track in tracks:
            self._keeper.watch(track)
        return Streamed(self._send(file, span), lambda: None, status, headers, "video/mp4", self.on_bytes)

    def _progressive_file(self, request: Request) -> tuple[ProgressiveFile, list[str]]:
        """Return what is asked for, and the tracks that it is made of. Raises MediaUnknown."""
        lesson, rungs = self._lesson(request)
        wanted, _, tier = request.path_params["rung"].partition(".")
        if tier == Tier.COMPATIBLE:  # one thing has one address
            raise MediaUnknown
        rung = next((r for r in rungs if (r.rung, r.tier) == (wanted, tier or Tier.COMPATIBLE)), None)
        if rung is None:
            raise MediaUnknown
        first = _count(request.query_params.get("first"))
        if first is None and not (rung.complete or (rung.watchable and self._serves(request))):
            raise MediaUnknown
        if first is not None and not 1 <= first <= playable_segments(rung, self._keeper.rows):
            raise MediaUnknown
        try:
            file = self._file(rung.video, rung.sound, lesson.media.duration_ms, first)
        except BadFormat as error:
            log.warning("view.refused", lesson=lesson.id, rung=rung.rung, why=str(error))
            raise MediaUnknown from error
        return file, [digest for digest in (rung.video, rung.sound) if digest]

    def caption(self, request: Request) -> Response:
        """The playlist around a caption file, for players that want one."""
        digest = request.path_params["digest"]
        if not self._held(digest):
            raise MediaUnknown
        text = caption_playlist(request.path_params["milliseconds"], f"/media/blob/{digest}.vtt")
        return Response(text, media_type=HLS_TYPE, headers={"Cache-Control": IMMUTABLE})

    def blob(self, request: Request) -> Response:
        """Captions and posters."""
        digest, kind = request.path_params["digest"], request.path_params["kind"]
        data = self._keeper.blob(digest) if kind in BLOB_TYPES and _is_digest(digest) else None
        if data is None:
            raise MediaUnknown
        return _whole(request, data, f'"{digest[:32]}"', BLOB_TYPES[kind])

    async def _send(self, file: ProgressiveFile, span: Span) -> Parts:
        """Send a span; where a segment has rotten, stop short, so that the player knows and asks again."""
        slices = list(file.slices(span.start, span.end))
        for one, following in zip(slices, [*slices[1:], None], strict=True):
            if one.piece is None:
                yield one.data
                continue
            digest = one.piece.row.digest
            opened = await self.sender.run(self._keeper.open, digest)
            if opened is None:
                log.warning("view.broke-off", segment=digest)
                raise Missing(digest)
            if following is not None and following.piece is not None:
                self.sender.read_ahead(following.piece.row.digest)
            patches = opened.fields.filled(one.piece.sequence, one.piece.row.start, one.piece.track)
            with opened:
                async with aclosing(self.sender.parts(opened, digest, patches, one.start, one.end)) as parts:
                    async for part in parts:
                        yield part

    def _lesson(self, request: Request) -> tuple[Lesson, tuple[RungState, ...]]:
        course, release, lesson = (request.path_params[name] for name in ("course", "release", "lesson"))
        found = self._releases.lesson(course, min(release, 1 << 62), lesson)
        if found is None:
            raise MediaUnknown
        return found, self._releases.rungs(course, release, lesson)

    def _serves(self, request: Request) -> bool:
        """Say whether this release is the one that its lesson serves: then a gap is damage, being mended."""
        params = request.path_params
        serving = self._releases.serving(params["course"], params["lesson"])
        return serving is not None and serving == int(params["release"])

    def _furthest(self, rungs: Sequence[RungState]) -> list[RungState]:
        found = furthest(rungs, self._keeper.rows)
        return [found[0]] if found else []

    def _held(self, digest: str) -> bool:
        return self._keeper.rows.holds_blob(digest)

    def _known(self, digest: str) -> Index:
        index = self._index(digest) if _is_digest(digest) else None
        if index is None:
            raise MediaUnknown
        return index

    def _read_index(self, digest: str) -> Index:
        index = self._keeper.index(digest)
        if index is None:
            raise MediaUnknown
        return index

    def _lay_out(self, video: str | None, sound: str | None, duration_ms: int, first: int | None) -> ProgressiveFile:
        pictures, voice = (self._index(digest).first(first) if digest else None for digest in (video, sound))
        if first is not None:
            duration_ms = max(index.duration_ms for index in (pictures, voice) if index is not None)
        return ProgressiveFile(pictures, voice, duration_ms)


def playable_segments(rung: RungState, rows: StoreRepository) -> int:
    """Return how many segments of a rendition can be played: all up to the first that one of its tracks lacks."""
    return min((rows.playable(digest) for digest in (rung.video, rung.sound) if digest), default=0)


def furthest(rungs: Sequence[RungState], rows: StoreRepository) -> tuple[RungState, int] | None:
    """Return the rendition of which most can be played from the start, and how many segments that is."""
    able = [(count, n) for n, rung in enumerate(rungs) if (count := playable_segments(rung, rows))]
    return (rungs[max(able)[1]], max(able)[0]) if able else None


def file_address(base: str, rung: str, tier: str, first: int | None = None) -> str:
    """Return the address of a rendition as one file, or of its `first` segments.

    `base` is the address of its lesson, without a slash at the end.
    """
    name = f"{base}/{rung}.mp4" if tier == Tier.COMPATIBLE else f"{base}/{rung}.{tier}.mp4"
    return name if first is None else f"{name}?first={first}"


def still_address(still: Still) -> str:
    """Return the address of a still."""
    return f"/media/blob/{still.sha256}.{'png' if still.type == 'image/png' else 'jpg'}"


def _track_address(digest: str, held: dict[str, int]) -> str:
    return f"/media/track/{digest}/{held[digest]}.m3u8"


def _is_digest(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def _whole(request: Request, data: bytes, etag: str, kind: str) -> Response:
    """Answer with something small and immutable, or the range of it that was asked for."""
    status, span, headers = answer_range(request, etag, len(data))
    return Response(data[span.start : span.end] if span else b"", status, headers, kind)


def answer_range(request: Request, etag: str, size: int) -> tuple[int, Span | None, dict[str, str]]:
    """Return status, bytes to send (None: none) and headers for something immutable of `size` bytes."""
    if matches(request.headers.get("if-none-match"), etag):
        return 304, None, {"ETag": etag, "Cache-Control": IMMUTABLE}
    headers = {"ETag": etag, "Cache-Control": IMMUTABLE, "Accept-Ranges": "bytes", "X-Content-Type-Options": "nosniff"}
    wanted = request.headers.get("range") if request.method == "GET" else None
    try:
        span = read_range(wanted, size) if range_still_holds(request.headers.get("if-range"), etag) else None
    except Unsatisfiable:
        return 416, None, headers | {"Content-Range": f"bytes */{size}"}
    if span is None:
        return 200, Span(0, size, size), headers | {"Content-Length": str(size)}
    return 206, span, headers | {"Content-Range": span.content_range, "Content-Length": str(span.length)}


def _count(text: str | None) -> int | None:
    """Return the number in a query; None without one, 0 for what is none."""
    if text is None:
        return None
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
