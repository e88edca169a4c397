"""The Jinja environment of the pages, and the contract between a page and the shared templates.

**Context contract** (undefined names are errors: `StrictUndefined`):

Always there, in every template and macro, without passing them (globals of the environment):

- `_("Text")`, `gettext`, `ngettext("%(num)s lesson", "%(num)s lessons", n)`: msgids are English.
- `language`: `"zh-CN"` or `"en"`. `asset("songtan.css")`: the immutable address of a static file.
- filters: `size` (bytes), `rate` (bytes per second), `duration` (seconds), `clock` (seconds into a lesson),
  `moment` (datetime), `near(now)` (datetime, as it is said at `now`), `time` (datetime), `day` (date), `bell` (minutes
  since midnight), `weekday` (1 is Monday), `why` (a code of `WHY_WORDS`), `percent` (0..1).

`base.html` reads, all optional: `language_links` (given by `Pages`), `page_notice` = `(kind, text)`, kind one of
`good warn bad info`. Its blocks: `title`, `place` (the word beside the logo: whose pages these are), `nav`,
`account`, `stage` (full-width, above the content: the player), `content`, `scripts`; `html_class` is `room` on
pages that a class sees from four metres (larger type), `body_class` is free.

`macros.html`: `{% from "macros.html" import field, badge, progress, ... %}`; each macro says what it takes.
`readiness.html`: `{% from "readiness.html" import readiness %}`: how a lesson on the timetable stands.
`player.html`: `{% from "player.html" import player, player_scripts %}`.
`error.html`: `status` (int), `message` (translated), optional `code`, `back` (address).
`sign_in.html`: `action`, `csrf_token`, optional `name` (as typed), `error` (translated), `forgot` (text).

The pages keep a content security policy without inline script or style: no `style=` and no `on…=` attributes.
"""

from collections.abc import Callable, Sequence
from datetime import tzinfo
from functools import partial
from gettext import NullTranslations
from pathlib import Path
from typing import Protocol, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from catalog.look.assets import LOOK
from catalog.look.filters import (
    CHINA_TIME,
    clock_time,
    clock_words,
    human_bytes,
    human_duration,
    local_day,
    local_moment,
    near_moment,
    time_of_day,
)
from catalog.look.language import Language, translate, translations
from catalog.look.words import WEEKDAY_WORDS, WHY_WORDS

TEMPLATES = LOOK / "templates"


class _Translated(Protocol):
    """What jinja2's i18n extension adds to an environment when it is loaded."""

    def install_gettext_translations(self, translations: NullTranslations, newstyle: bool | None = None) -> None: ...


def make_environment(
    extra_template_dirs: Sequence[Path],
    *,
    language: Language,
    asset: Callable[[str], str],
    zone: tzinfo = CHINA_TIME,
) -> Environment:
    """An environment that renders in one language; `Pages` keeps one for each.

    `extra_template_dirs` come before the shared templates. `asset` maps a static file's name to its address
    (`Assets.url`). `zone` is the time zone of `moment`.
    """
    environment = Environment(
        loader=FileSystemLoader([*extra_template_dirs, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    cast(_Translated, environment).install_gettext_translations(translations(language), newstyle=True)
    environment.globals.update(language=language, asset=asset)
    environment.filters.update(
        size=human_bytes,
        rate=lambda count: f"{human_bytes(count)}/s",
        duration=partial(human_duration, language=language),
        clock=clock_time,
        moment=partial(local_moment, language=language, zone=zone),
        day=partial(local_day, language=language),
        time=partial(time_of_day, zone=zone),
        near=partial(near_moment, language=language, zone=zone),
        bell=clock_words,
        weekday=lambda number: translate(WEEKDAY_WORDS[number - 1], language),
        why=lambda code: translate(WHY_WORDS.get(code, ""), language),
        percent=lambda share: f"{share * 100:.0f} %",
    )
    return environment
