"""A small stand-in for a node: the shared pages and the sample lesson as views, with faults on demand."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from catalog.look.pages import Pages
from songtan.sample import CAPTIONS, LESSON
from tests.media import run_ffmpeg

GALLERY = Path(__file__).parent / "gallery"
KINDS = {".m3u8": "application/vnd.apple.mpegurl", ".m4s": "video/iso.segment", ".vtt": "text/vtt"}


def make_views(folder: Path) -> None:
    """HLS (fMP4, the sound a rendition of its own, as a node serves it) and one progressive MP4 of the sample."""
    (folder / "lesson.mp4").write_bytes(LESSON.read_bytes())
    (folder / "captions.vtt").write_bytes(CAPTIONS["zh-CN"].read_bytes())
    run_ffmpeg(
        *("-i", LESSON, "-map", "0:v", "-map", "0:a", "-c", "copy", "-f", "hls", "-hls_time", "6"),
        *("-hls_playlist_type", "vod", "-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "init_%v.mp4"),
        *("-var_stream_map", "v:0,agroup:sound a:0,agroup:sound,default:yes"),
        *("-master_pl_name", "master.m3u8", "-hls_segment_filename", folder / "part_%v_%03d.m4s"),
        folder / "track_%v.m3u8",
    )


@dataclass
class LessonServer:
    """`faults` maps the beginning of a view's file name to the HTTP status that it answers with."""

    views: Path
    address: str = ""
    faults: dict[str, int] = field(default_factory=dict)
    pages: Pages = field(default_factory=lambda: Pages([GALLERY]))

    def app(self) -> Starlette:
        """The pages under `/`, the views under `/views/`."""
        return Starlette(
            routes=[
                Route("/parts", self._parts),
                Route("/lesson", self._lesson),
                Route("/error", self._error),
                Route("/sign-in", self._sign_in),
                Route("/views/{name}", self._view, methods=["GET", "HEAD"]),
                *self.pages.assets.routes(),
            ]
        )

    async def _view(self, request: Request) -> Response:
        name = request.path_params["name"]
        for beginning, status in self.faults.items():
            if name.startswith(beginning):
                return Response(status_code=status)
        path = self.views / name
        return FileResponse(path, media_type=KINDS.get(path.suffix)) if path.exists() else Response(status_code=404)

    async def _parts(self, request: Request) -> Response:
        return self.pages.response(request, "parts.html", when=datetime(2026, 11, 24, 2, 30, tzinfo=UTC))

    async def _lesson(self, request: Request) -> Response:
        return self.pages.response(
            request,
            "lesson.html",
            mp4="/views/lesson.mp4",
            hls="/views/master.m3u8",
            captions="/views/captions.vtt",
            start=float(request.query_params.get("start", "0")),
        )

    async def _error(self, request: Request) -> Response:
        message = "没有这个课时，它可能已经撤下。请回到课程列表。"
        return self.pages.response(request, "error.html", status=404, message=message, code="lesson.missing")

    async def _sign_in(self, request: Request) -> Response:
        return self.pages.response(
            request, "sign_in.html", action="/sign-in", csrf_token="t", error="账号或密码不对，请再试一次。"
        )
