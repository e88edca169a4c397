"""Static files under addresses that carry their own digest, so that a browser may keep them for ever.

`/look/<12 hex digits>/songtan.css` is immutable. A wrong or missing digest still gets the file, but uncached:
an old page in a browser tab keeps working across an update.
"""

import hashlib
import mimetypes
from collections.abc import Sequence
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

LOOK = Path(__file__).parent
SHARED_FOLDERS: tuple[Path, ...] = (LOOK / "static", LOOK / "vendor")
_KINDS = {
    # Windows boxes answer "text/plain" for .js from their registry, and a browser then refuses the script.
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".txt": "text/plain",
}


class Assets:
    """The static files of a program: the shared ones, and those of its own folders (which win by name).

    The folders are read once; a file's name is its path within its folder. `url` raises KeyError for a
    file that is not there, so that a template with a typing error fails its test, not a classroom.
    """

    def __init__(self, own_folders: Sequence[Path] = (), prefix: str = "/look") -> None:
        self.prefix = prefix.rstrip("/")
        self._files: dict[str, tuple[Path, str]] = {}
        for folder in (*SHARED_FOLDERS, *own_folders):
            for path in sorted(folder.rglob("*")):
                if path.is_file() and not path.name.startswith("."):
                    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
                    self._files[path.relative_to(folder).as_posix()] = (path, digest)

    def url(self, name: str) -> str:
        """The immutable address of a file, e.g. `url("songtan.css")`."""
        return f"{self.prefix}/{self._files[name][1]}/{name}"

    def routes(self) -> list[Route]:
        """Starlette routes that serve the files (FastAPI: `app.router.routes.extend(...)`)."""
        return [
            Route("/favicon.ico", self._favicon),
            Route(self.prefix + "/{digest}/{name:path}", self._serve),
        ]

    def _answer(self, name: str, digest: str) -> Response:
        if name not in self._files:
            raise HTTPException(status_code=404)
        path, now = self._files[name]
        keep = "public, max-age=31536000, immutable" if digest == now else "no-cache"
        kind = _KINDS.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return FileResponse(path, media_type=kind, headers={"Cache-Control": keep, "X-Content-Type-Options": "nosniff"})

    async def _serve(self, request: Request) -> Response:
        return self._answer(request.path_params["name"], request.path_params["digest"])

    async def _favicon(self, request: Request) -> Response:
        return self._answer("favicon.ico", "")
