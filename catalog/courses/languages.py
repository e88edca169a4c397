"""The languages of captions."""

CAPTION_LANGUAGES: dict[str, str] = {
    "zh-CN": "中文",
    "yue": "粤语",
    "en": "English",
    "bo": "བོད་ཡིག 藏文",
    "ug": "ئۇيغۇرچە 维吾尔文",
    "mn": "ᠮᠣᠩᠭᠣᠯ 蒙古文",
    "ii": "ꆈꌠꉙ 彝文",
    "za": "Vahcuengh 壮文",
    "ko": "조선어 朝鲜文",
    "kk": "قازاقشا 哈萨克文",
}
"""Languages of captions by BCP 47 tag, each in its own name: those of the schools that this is for."""


def name_of_language(tag: str) -> str:
    """Return what the player calls the language with this BCP 47 tag; the tag itself where we know no name."""
    return CAPTION_LANGUAGES.get(tag) or CAPTION_LANGUAGES.get(tag.partition("-")[0]) or tag
