"""A catalogue to read from: courses and lessons with places as the curriculum has them, and who may read."""

import itertools
import random
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, text

from catalog.accounts.models import Account, Partner, Role, SessionKind, SignIn
from catalog.accounts.passwords import new_token, token_hash
from catalog.courses.models import PLACE_FIELDS
from catalog.db import session_scope
from catalog.formats.ids import new_id
from catalog.paging import Cursor
from songtan.stack.centre import LocalCentre

PER_COURSE, PARTNERS = 40, 50
NEWEST = datetime(2026, 11, 24, tzinfo=UTC)
GRADES = {
    "小学": ["一年级", "二年级", "三年级", "四年级", "五年级", "六年级"],
    "初中": ["七年级", "八年级", "九年级"],
    "高中": ["高一", "高二", "高三"],
}
SUBJECTS = ["语文", "数学", "英语", "物理", "化学", "生物", "历史", "地理", "道德与法治"]
EDITIONS, VOLUMES = ["人教版", "北师大版", "苏教版", "沪科版", "湘教版"], ["上册", "下册"]
TRADES = ["汽车维修", "电工", "烹饪", "护理"]


def _place(chance: random.Random) -> dict[str, str]:
    if chance.random() < 0.04:
        return {"trade": chance.choice(TRADES)}
    stage = chance.choice(list(GRADES))
    return {
        "stage": stage,
        "grade": chance.choice(GRADES[stage]),
        "subject": chance.choice(SUBJECTS),
        "edition": chance.choices(EDITIONS, [8, 4, 2, 1, 1])[0],
        "volume": chance.choice(VOLUMES),
    }


def write_lessons(centre: LocalCentre, partners: list[str], count: int, chance: random.Random) -> list[dict[str, str]]:
    """Copy `count` lessons and their courses into the tables; return the courses' places, as filters."""
    places = [_place(chance) for _ in range(count // PER_COURSE)]
    empty = dict.fromkeys(PLACE_FIELDS, "")
    began = NEWEST - timedelta(days=730)
    columns = ", ".join(PLACE_FIELDS)
    with centre.embedded.postgres.connect("songtan") as connection, connection.cursor() as cursor:
        courses = [(new_id(), chance.choice(partners), place) for place in places]
        with cursor.copy(f"copy course (id, partner_id, title, description, created_at, {columns}) from stdin") as copy:
            for n, (course, partner, place) in enumerate(courses):
                copy.write_row((course, partner, f"课程 {n}", "", began, *(empty | place).values()))
        with cursor.copy(
            f"copy lesson (id, course_id, partner_id, number, title, created_at, {columns}) from stdin"
        ) as copy:
            for n, (course, partner, place) in enumerate(courses):
                for number in range(1, PER_COURSE + 1):
                    made = began + timedelta(seconds=chance.uniform(0, 730 * 86_400))
                    unit = {"unit": f"第{1 + number // 6}单元"} if "stage" in place else {}
                    row = (course, partner, number, f"第{number}课 {n}", made, *(empty | place | unit).values())
                    copy.write_row((new_id(), *row))
        cursor.execute("vacuum analyze")
    return places


def sign_in(engine: Engine, clients: int) -> tuple[list[str], list[str]]:
    """Add partners, and a session of ops or a reviewer or a partner for each client; return tokens, partners."""
    tokens, roles = [], itertools.islice(itertools.cycle([Role.OPS, Role.PARTNER, Role.REVIEWER, Role.OPS]), clients)
    with session_scope(engine) as session:
        partners = [Partner(name=f"学校 {n}") for n in range(PARTNERS)]
        session.add_all(partners)
        session.flush()
        for n, role in enumerate(roles):
            own = partners[n].id if role is Role.PARTNER else None
            account = Account(login=f"reader-{n}", name="读者", password_hash="-", role=role, partner_id=own)
            session.add(account)
            session.flush()
            tokens.append(new_token())
            ends = datetime.now(UTC) + timedelta(days=1)
            kind, name = SessionKind.BEARER, token_hash(tokens[-1])
            session.add(SignIn(token_hash=name, account_id=account.id, kind=kind, expires_at=ends))
        return tokens, [partner.id for partner in partners]


def random_cursors(engine: Engine, count: int = 2000) -> list[str]:
    """Return cursors at random rows of the whole list."""
    query = text("select created_at, id from lesson order by random() limit :count")
    with session_scope(engine) as session:
        return [Cursor(row[0], row[1]).encoded() for row in session.execute(query, {"count": count})]
