"""Answering with a page: one `Pages` per program renders templates in the reader's language.

pages = Pages([Path(__file__).parent / "templates"])
app = Starlette(routes=[..., *pages.assets.routes()])
return pages.response(request, "lesson.html", lesson=lesson)
"""

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse

from catalog.look.assets import Assets
from catalog.look.environment import make_environment
from catalog.look.filters import CHINA_TIME
from catalog.look.language import (
    LANGUAGE_COOKIE,
    LANGUAGE_NAMES,
    LANGUAGES,
    Language,
    known_language,
    negotiate_language,
)

YEAR_SECONDS = 365 * 24 * 3600


def content_security_policy(connect: Iterable[str] = (), media: Iterable[str] = (), form: Iterable[str] = ()) -> str:
    """The policy of every page: own files only, nothing inline.

    `blob:` is how Media Source Extensions hand a video to the element. `connect` (uploads by script), `media`
    and `form` (where a form, or the redirect after it, may lead) name further origins: `http://host:port`.
    """
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src " + " ".join(["'self'", "data:", *media]),
            "font-src 'self'",
            "media-src " + " ".join(["'self'", "blob:", *media]),
            "connect-src " + " ".join(["'self'", *connect, *media]),
            "form-action " + " ".join(["'self'", *form]),
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )


class Pages:
    """Renders the templates of one program in both languages; safe to share between threads and tasks.

    `template_dirs` and `static_dirs` are the program's own, beside the shared ones. `policy` is the content
    security policy (see `content_security_policy`).
    """

    def __init__(
        self,
        template_dirs: Sequence[Path],
        *,
        static_dirs: Sequence[Path] = (),
        prefix: str = "/look",
        policy: str | None = None,
        zone: tzinfo = CHINA_TIME,
    ) -> None:
        self.assets = Assets(static_dirs, prefix)
        self.policy = policy or content_security_policy()
        self._environments = {
            language: make_environment(template_dirs, language=language, asset=self.assets.url, zone=zone)
            for language in LANGUAGES
        }

    def language(self, request: Request) -> Language:
        """The language of a request: `?lang=`, else the cookie, else `Accept-Language`, else Chinese."""
        return negotiate_language(
            request.query_params.get("lang"),
            request.cookies.get(LANGUAGE_COOKIE),
            request.headers.get("accept-language"),
        )

    def render(self, template: str, language: Language, **context: object) -> str:
        """A template's HTML in a language. Raises jinja2's UndefinedError when the context lacks a name."""
        return self._environments[language].get_template(template).render(context)

    def response(self, request: Request, template: str, *, status: int = 200, **context: object) -> HTMLResponse:
        """A page for a request, with its language, policy and cache headers; remembers a chosen language."""
        language = self.language(request)
        links = [
            {
                "language": other,
                "name": LANGUAGE_NAMES[other],
                "href": "?" + str(request.url.include_query_params(lang=other).query),
                "current": other == language,
            }
            for other in LANGUAGES
        ]
        html = self.render(template, language, **{"language_links": links, "status": status, **context})
        answer = HTMLResponse(
            html,
            status_code=status,
            headers={
                "Content-Language": language,
                "Content-Security-Policy": self.policy,
                "Cache-Control": "no-store",
                "Referrer-Policy": "same-origin",
                "Vary": "Accept-Language, Cookie",
                "X-Content-Type-Options": "nosniff",
            },
        )
        if known_language(request.query_params.get("lang")):
            answer.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR_SECONDS, samesite="lax", httponly=True)
        return answer
