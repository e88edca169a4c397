"""The words of the Chinese curriculum that a course form proposes; a partner may type others.

Stages, grades and subjects follow the curriculum plans for compulsory education (2022) and senior secondary
schools (2017, revised 2020); trades are frequent ones of the catalogue of vocational majors (2021).
"""

CHOICES: dict[str, tuple[str, ...]] = {
    "stage": ("学前", "小学", "初中", "高中", "中职"),
    "grade": (
        *("一年级", "二年级", "三年级", "四年级", "五年级", "六年级"),
        *("七年级", "八年级", "九年级", "高一", "高二", "高三"),
    ),
    "subject": (
        *("语文", "数学", "英语", "物理", "化学", "生物", "道德与法治", "思想政治", "历史", "地理", "科学"),
        *("信息科技", "信息技术", "通用技术", "音乐", "美术", "艺术", "体育与健康", "劳动", "综合实践活动"),
        *("心理健康", "书法", "日语", "俄语"),
    ),
    "edition": (
        *("统编版", "人教版", "北师大版", "苏教版", "苏科版", "外研版", "译林版", "沪科版", "沪教版", "华东师大版"),
        *("浙教版", "湘教版", "冀教版", "鲁教版", "鲁科版", "青岛版", "西师大版", "粤教版", "教科版", "科普版"),
        *("人音版", "人美版", "湘艺版"),
    ),
    "volume": (
        *("上册", "下册", "全一册", "必修第一册", "必修第二册", "必修第三册", "必修第四册"),
        *("选择性必修第一册", "选择性必修第二册", "选择性必修第三册", "选择性必修第四册"),
    ),
    "trade": (
        *("茶叶生产与加工", "果蔬花卉生产技术", "畜禽生产技术", "农机设备应用与维修", "电子商务", "计算机应用"),
        *("汽车运用与维修", "焊接技术应用", "机电技术应用", "电工", "建筑工程施工", "服装设计与工艺", "中餐烹饪"),
        *("护理", "幼儿保育", "家政服务", "民族手工艺", "木工", "无人机操控"),
    ),
}

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
