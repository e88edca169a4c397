"""`songtan partner`: make courses and lessons, upload, watch, publish."""

import time
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer

from catalog.look.filters import human_bytes, human_duration
from catalog.look.language import spoken_language
from songtan.clients.attachments import send_attachment
from songtan.clients.captions import read_captions_file, say_captions, send_captions
from songtan.clients.centre import Centre, answer_json
from songtan.clients.errors import CentreAway, JobEnded, NoJob, NotPublished
from songtan.clients.ladder import COLUMNS, given_up_lines, ladder_rows
from songtan.clients.terminal import (
    BUDGET_HELP,
    Json,
    add_session_commands,
    budget_bytes,
    job_progress,
    out,
    print_json,
    print_one,
    print_rows,
    read_secret,
    signed_in,
    transfer_progress,
)
from songtan.clients.upload import Addresses, Parts, Uploader, check_file, one_line_name

POLL_SECONDS = 0.5
CONTENT_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".pdf": "application/pdf",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}

app = typer.Typer(
    help="For partners: courses, lessons, uploads, publishing. Begin with: songtan partner login --api URL",
    no_args_is_help=True,
    add_completion=False,
)
course_app = typer.Typer(help="Courses.", no_args_is_help=True)
lesson_app = typer.Typer(help="Lessons of a course.", no_args_is_help=True)
app.add_typer(course_app, name="course")
app.add_typer(lesson_app, name="lesson")
add_session_commands(app, "partner")


def _place_words(row: Any) -> str:
    return " ".join(str(word) for word in row["place"].values() if word)


@course_app.command("create")
def create_course(
    title: Annotated[str, typer.Argument(help="The course's name, such as 数学七年级上册.")],
    stage: Annotated[str, typer.Option(help="学段, such as 初中.")] = "",
    grade: Annotated[str, typer.Option(help="年级, such as 七年级.")] = "",
    subject: Annotated[str, typer.Option(help="学科, such as 数学.")] = "",
    edition: Annotated[str, typer.Option(help="版本, such as 人教版.")] = "",
    volume: Annotated[str, typer.Option(help="册次, such as 上册.")] = "",
    trade: Annotated[str, typer.Option(help="For skills courses: the trade, such as 焊接.")] = "",
    description: Annotated[str, typer.Option(help="What the course is about.")] = "",
    budget_mb: Annotated[float, typer.Option(help=BUDGET_HELP, min=0)] = 0,
    as_json: Json = False,
) -> None:
    """Make a course and print its id."""
    place = {"stage": stage, "grade": grade, "subject": subject, "edition": edition, "volume": volume, "trade": trade}
    with signed_in("partner") as centre:
        words = {"title": title, "description": description, "place": place}
        made = centre.post("/api/courses", {**words, "budget_bytes": budget_bytes(budget_mb)})
    print_one(made, as_json)


@course_app.command("budget")
def set_budget(
    course: Annotated[str, typer.Argument(help="The course's id.", metavar="COURSE")],
    megabytes: Annotated[float, typer.Argument(help=BUDGET_HELP, metavar="MB", min=0)],
    as_json: Json = False,
) -> None:
    """Say what a school may fetch for the whole course in one tier; 0 for no budget. Prints the course's id."""
    with signed_in("partner") as centre:
        print_one(centre.put(f"/api/courses/{course}/budget", {"budget_bytes": budget_bytes(megabytes)}), as_json)


@course_app.command("list")
def list_courses(as_json: Json = False) -> None:
    """List your courses, newest first."""
    with signed_in("partner") as centre:
        rows = list(centre.all("/api/courses", "courses"))
    columns = {
        "ID": lambda r: r["id"],
        "Course": lambda r: r["title"],
        "Place": _place_words,
        "Budget": lambda r: human_bytes(r["budget_bytes"]) if r["budget_bytes"] else "–",
    }
    print_rows(rows, columns, as_json)


@lesson_app.command("create")
def create_lesson(
    course: Annotated[str, typer.Argument(help="The course's id.", metavar="COURSE")],
    title: Annotated[str, typer.Argument(help="The lesson's title.")],
    number: Annotated[int | None, typer.Option(help="Its number in the course; the next one if left out.")] = None,
    unit: Annotated[str, typer.Option(help="单元, such as 第一章 有理数.")] = "",
    as_json: Json = False,
) -> None:
    """Add a lesson to a course and print its id. It stands where its course does."""
    with signed_in("partner") as centre:
        body: dict[str, Any] = {"title": title, "number": number}
        if unit:
            body["place"] = {**centre.get(f"/api/courses/{course}")["place"], "unit": unit}
        made = centre.post(f"/api/courses/{course}/lessons", body)
    print_one(made, as_json)


@lesson_app.command("list")
def list_lessons(
    course: Annotated[str, typer.Argument(help="The course's id.", metavar="COURSE")], as_json: Json = False
) -> None:
    """List a course's lessons by number."""
    with signed_in("partner") as centre:
        rows = centre.get(f"/api/courses/{course}/lessons")["lessons"]
    columns = {"No.": lambda r: str(r["number"]), "ID": lambda r: r["id"], "Lesson": lambda r: r["title"]}
    print_rows(rows, columns, as_json)


@app.command()
def upload(
    file: Annotated[Path, typer.Argument(help="The video.", metavar="FILE")],
    lesson: Annotated[str, typer.Option(help="The lesson's id.", metavar="ID")],
    deck: Annotated[Path | None, typer.Option(help="The slides, a PDF or PPTX.", metavar="DECK")] = None,
    captions: Annotated[
        Path | None, typer.Option(help="Captions: WebVTT, SubRip, TTML or ASS.", metavar="FILE")
    ] = None,
    captions_language: Annotated[str, typer.Option(help="The captions' language.", metavar="TAG")] = "zh-CN",
    watch_it: Annotated[bool, typer.Option("--watch", help="Stay and watch the job, like `watch`.")] = False,
    as_json: Json = False,
) -> None:
    """Upload a lesson's video. Run it again after a break: what is there is not sent twice."""
    size = check_file(file)
    deck_size = check_file(deck) if deck else 0
    words = read_captions_file(captions) if captions else None
    with signed_in("partner") as centre:
        if words is not None:
            say_captions(send_captions(centre, lesson, captions_language, words), to_people=not as_json)
        if deck is not None:
            _send(centre, deck, deck_size, lesson, "deck")
        done = _send(centre, file, size, lesson)
        if watch_it:
            done["job"] = _watch(centre, lesson)
    if as_json:
        print_json(done)
    else:
        out.print(f"{one_line_name(file)}: {human_bytes(size)} uploaded, job {done['job']['job_id']}")


@app.command()
def captions(
    file: Annotated[Path, typer.Argument(help="WebVTT, SubRip, TTML or ASS, in any usual encoding.", metavar="FILE")],
    lesson: Annotated[str, typer.Option(help="The lesson's id.", metavar="ID")],
    language: Annotated[str, typer.Option(help="The captions' language.", metavar="TAG")] = "zh-CN",
    offset: Annotated[float, typer.Option(help="Seconds to add to every time; -2.5 shows them earlier.")] = 0.0,
    rate: Annotated[
        float, typer.Option(help="What to multiply every time by, before the offset: 0.95904 from 23.976 to 25.")
    ] = 1.0,
    as_json: Json = False,
) -> None:
    """Give a lesson captions, in place of any in that language. Prints how they begin: see that the words are right."""
    words = read_captions_file(file)
    with signed_in("partner") as centre:
        stored = send_captions(centre, lesson, language, words, offset, rate)
    if as_json:
        print_json(stored)
    else:
        say_captions(stored, to_people=True)


@app.command()
def attach(
    file: Annotated[
        Path, typer.Argument(help="PDF, Office or OpenDocument file, picture, TXT or ZIP.", metavar="FILE")
    ],
    lesson: Annotated[str, typer.Option(help="The lesson's id.", metavar="ID")],
    as_json: Json = False,
) -> None:
    """Give a file to a lesson's classrooms, in place of any of that name; it goes out with the next release."""
    with signed_in("partner") as centre:
        stored = send_attachment(centre, lesson, file)
    if as_json:
        print_json(stored)
    else:
        out.print(f"{stored['name']}: {human_bytes(stored['length'])} attached, {stored['type']}")


def _send(centre: Centre, file: Path, size: int, lesson: str, kind: str = "recording") -> dict[str, Any]:
    content_type = CONTENT_TYPES.get(file.suffix.lower(), "application/octet-stream")
    name = one_line_name(file)
    new = {"name": name, "size": size, "content_type": content_type, "kind": kind}
    source = centre.post(f"/api/lessons/{lesson}/sources", new)
    parts = Parts(size, source["part_size"])
    held = {part["number"] for part in centre.get(f"/api/sources/{source['id']}/parts")["parts"]}
    missing = [number for number in range(1, parts.count + 1) if number not in held]

    def sign(numbers: list[int]) -> dict[int, str]:
        urls = centre.post(f"/api/sources/{source['id']}/part-urls", {"numbers": numbers})["urls"]
        return {part["number"]: part["url"] for part in urls}

    with transfer_progress() as progress:
        there = sum(parts.extent(number)[1] for number in held)
        task = progress.add_task(name, total=size, completed=there)
        Uploader(file, parts, Addresses(sign, missing), partial(progress.advance, task)).send(missing)
    found: dict[str, Any] = centre.post(f"/api/sources/{source['id']}/complete")
    return found


@app.command()
def watch(
    lesson: Annotated[str, typer.Argument(help="The lesson's id.", metavar="LESSON")], as_json: Json = False
) -> None:
    """Watch a lesson's job until it ends: percent, rate and time left; then print what was made.

    It says when the floors are ready: from then on the lesson can be published, and better pictures follow. Exit code 0
    when all is made, 1 when the job failed or was stopped (the reason is printed).
    """
    with signed_in("partner") as centre:
        job = _watch(centre, lesson)
        made = centre.get(f"/api/lessons/{lesson}/media")
    if as_json:
        print_json({**job, "media": made["media"]})
    else:
        print_rows(ladder_rows(made), COLUMNS, as_json=False)
        for line in given_up_lines(made):
            out.print(line)
        out.print("Ready to publish.")


def _watch(centre: Centre, lesson: str) -> dict[str, Any]:
    with job_progress() as progress:
        task, is_told = progress.add_task("Encoding", total=100, words=""), False
        while True:
            jobs = centre.get(f"/api/lessons/{lesson}/jobs")["jobs"]
            if not jobs:
                raise NoJob(lesson=lesson)
            job: dict[str, Any] = jobs[0]
            progress.update(task, completed=job["percent"], words=_job_words(job))
            if job["floors_ready"] and job["state"] == "running" and not is_told:
                progress.console.print("The floors are ready: the lesson can be published. Better pictures follow.")
                is_told = True
            if job["state"] in ("failed", "cancelled"):
                fault = job["fault"] or {}
                raise JobEnded(why=str(fault.get("detail") or "it was stopped."))
            if job["state"] == "done":
                return job
            time.sleep(POLL_SECONDS)


def _job_words(job: dict[str, Any]) -> str:
    if job["state"] == "waiting":
        return "in the queue"
    words = []
    if job["rate"]:
        words.append(f"{job['rate']:.1f}×")
    if job["segments"]:
        words.append(f"{job['segments_done']}/{job['segments']} segments")
    if job["floors_ready"]:
        words.append("floors ready")
    elif job["floors_eta_s"] is not None:
        words.append(f"floors in about {human_duration(job['floors_eta_s'], 'en')}")
    if job["eta_s"] is not None:
        words.append(f"{human_duration(job['eta_s'], 'en')} left")
    return ", ".join(words)


@app.command()
def publish(
    course: Annotated[str, typer.Argument(help="The course's id.", metavar="COURSE")],
    signer: Annotated[str | None, typer.Option(help="Your name as a signer; asked if left out.")] = None,
    passphrase_stdin: Annotated[
        bool, typer.Option("--passphrase-stdin", help="Read the signing passphrase from standard input.")
    ] = False,
    seconds: Annotated[float, typer.Option(help="How long to wait until it is published.", min=1)] = 120,
    as_json: Json = False,
) -> None:
    """Draw up a release of the lessons that are ready, sign it, and wait until it is published.

    The passphrase goes to the signer's own address and nowhere else.
    """
    with signed_in("partner") as centre:
        drawn = centre.post(f"/api/courses/{course}/publications")
        for lesson in drawn["left_out"]:
            out.print(f"Not ready, left out: {lesson['number']}. {lesson['title']}")
        if drawn["state"] == "awaiting_signature":
            name = signer or typer.prompt("Your name as a signer", err=True)
            address = drawn["sign_url"]
            passphrase = read_secret(f"Signing passphrase for {httpx2.URL(address).host}", passphrase_stdin)
            _sign(address, name, passphrase)
        done = _until_published(centre, drawn, seconds)
    if as_json:
        print_json(done)
    else:
        out.print(f"Release {done['number']} is published, with {done['lessons']} lessons.")


def _sign(address: str, name: str, passphrase: str) -> None:
    headers = {"Accept": "application/json", "Accept-Language": spoken_language()}
    try:
        answer = httpx2.post(address, json={"signer": name, "passphrase": passphrase}, headers=headers, timeout=120)
    except httpx2.HTTPError as error:
        raise CentreAway(url=address, why=str(error) or type(error).__name__) from error
    found = answer_json(address, answer)
    if found.get("missing"):
        out.print(f"Signed. Signatures still missing: {found['missing']}; they sign at {address}")


def _until_published(centre: Centre, drawn: dict[str, Any], seconds: float) -> dict[str, Any]:
    last = time.monotonic() + seconds
    while True:
        now: dict[str, Any] = centre.post(f"/api/publications/{drawn['id']}/refresh")
        if now["state"] == "published":
            return now
        if now["state"] == "withdrawn":
            raise NotPublished(number=now["number"], why=now["reason"] or "it was withdrawn.")
        if time.monotonic() > last:
            why = f"it waits for a signature still. Sign it at {now['sign_url']}"
            raise NotPublished(number=now["number"], why=why)
        time.sleep(POLL_SECONDS)
