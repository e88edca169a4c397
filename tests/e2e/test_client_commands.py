"""`songtan partner` and `songtan ops` as processes, against a centre on a port and a real object store."""

import json
import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlmodel import select

from catalog.accounts.models import Role
from catalog.courses.models import Source
from catalog.storage.base import Bucket
from songtan.clients.centre import Centre
from tests.live_centre import PASSPHRASE, PASSWORD, LiveCentre

MIB = 1 << 20


@dataclass
class Terminal:
    """Somebody's terminal, with a home folder of its own."""

    home: Path

    def run(self, *words: str | Path, code: int = 0, typed: str = "", **more_env: str) -> str:
        done = self.try_(*words, typed=typed, **more_env)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout if code == 0 else done.stderr

    def try_(self, *words: str | Path, typed: str = "", **more_env: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": os.environ["PATH"], "XDG_CONFIG_HOME": str(self.home), "LANG": "en_US.UTF-8", **more_env}
        command = [sys.executable, "-m", "songtan.cli", *map(str, words)]
        return subprocess.run(command, env=env, input=typed, capture_output=True, text=True, timeout=60, check=False)

    def json(self, *words: str | Path, typed: str = "") -> Any:
        return json.loads(self.run(*words, "--json", typed=typed))


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "config")


@pytest.fixture
def partner(live_centre: LiveCentre, terminal: Terminal) -> Terminal:
    live_centre.account("wang", Role.PARTNER)
    terminal.run("partner", "login", "--api", live_centre.url, "--name", "wang", "--password-stdin", typed=PASSWORD)
    return terminal


def test_signing_in_is_kept_privately_and_mistakes_are_said(live_centre: LiveCentre, terminal: Terminal) -> None:
    assert "Sign in first" in terminal.run("partner", "course", "list", code=1)
    live_centre.account("wang", Role.PARTNER)
    login = ("partner", "login", "--api", live_centre.url, "--name", "wang", "--password-stdin")
    assert "password is wrong" in terminal.run(*login, code=1, typed="nonsense-nonsense")
    terminal.run(*login, typed=PASSWORD)
    kept = terminal.home / "songtan" / "partner.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "may not do this" in terminal.run(
        "ops", "nodes", code=1, SONGTAN_API=live_centre.url, SONGTAN_TOKEN=json.loads(kept.read_text())["token"]
    )
    terminal.run("partner", "logout")
    assert not kept.exists()
    away = terminal.run("partner", "login", "--api", "http://127.0.0.1:1", "--name", "x", "--password-stdin", code=3)
    assert "does not answer" in away


def test_an_address_that_is_no_centre_is_said(live_centre: LiveCentre, terminal: Terminal) -> None:
    said = terminal.run(
        "partner", "login", "--api", live_centre.signer.url, "--name", "x", "--password-stdin", code=1, typed="y"
    )
    assert "not a Songtan centre" in said


def test_a_lesson_from_upload_to_release(live_centre: LiveCentre, partner: Terminal, tmp_path: Path) -> None:
    course = partner.run(
        "partner", "course", "create", "数学七年级上册", "--subject", "数学", "--budget-mb", "200"
    ).strip()
    assert "200 MB" in partner.run("partner", "course", "list")
    assert partner.json("partner", "course", "budget", course, "1.5")["budget_bytes"] == 1_500_000
    assert "budget_bytes" in partner.run("partner", "course", "budget", course, "0.5", code=1)
    assert partner.json("partner", "course", "budget", course, "0")["budget_bytes"] is None
    lesson = partner.run("partner", "lesson", "create", course, "正数和负数", "--unit", "第一章").strip()
    assert "no job yet" in partner.run("partner", "watch", lesson, code=1)
    video = tmp_path / "第1课 正数.mp4"
    video.write_bytes(os.urandom(20 * MIB + 123))
    captions = tmp_path / "captions.vtt"
    captions.write_text("WEBVTT\n\n00:01.000 --> 00:02.000\n你好\n", encoding="utf-8")
    done = partner.json("partner", "upload", video, "--lesson", lesson, "--captions", captions)
    captions.write_bytes("1\n10:00:01,000 --> 10:00:02,500\n同学们好\n今天学习\n".encode("gbk"))
    said = partner.run("partner", "captions", captions, "--lesson", lesson)
    for words in ("SubRip in GB18030", "10:00:01", "同学们好 / 今天学习", "-36000 seconds"):
        assert words in said
    again = partner.json("partner", "captions", captions, "--lesson", lesson, "--offset", "-36000", "--rate", "1")
    assert again["first"] == [{"start_ms": 1000, "end_ms": 2500, "text": "同学们好\n今天学习"}]
    captions.write_bytes(b"")
    assert "between 1 byte and 1 MB" in partner.run("partner", "captions", captions, "--lesson", lesson, code=1)
    worksheet = tmp_path / "练习 #1（答案）.pdf"
    worksheet.write_bytes(b"%PDF-1.7\n".ljust(300_000))
    assert "练习 #1（答案）.pdf: 300 kB attached" in partner.run("partner", "attach", worksheet, "--lesson", lesson)
    worksheet.write_bytes(b"MZ\0")
    assert "no kind that can be attached" in partner.run("partner", "attach", worksheet, "--lesson", lesson, code=1)
    key = f"sources/{done['source']['id']}"
    assert live_centre.store.get(Bucket.SOURCES, key, 64 * MIB) == video.read_bytes()
    again = partner.json("partner", "upload", video, "--lesson", lesson)
    assert again["source"]["id"] != done["source"]["id"], "a finished upload is not gone on with"
    live_centre.finish(live_centre.newest_job())
    assert partner.json("partner", "watch", lesson)["state"] == "done"
    watched = partner.run("partner", "watch", lesson)
    for words in ("compatible", "floor", "640x360 25/s", "Ready to publish."):
        assert words in watched
    publish = ("partner", "publish", course, "--signer", "wang", "--passphrase-stdin")
    assert "passphrase is wrong" in partner.run(*publish, code=1, typed="nonsense")
    released = partner.run(*publish, "--json", typed=PASSPHRASE)
    assert json.loads(released)["state"] == "published"


def test_an_upload_goes_on_where_it_stopped(live_centre: LiveCentre, partner: Terminal, tmp_path: Path) -> None:
    course = partner.run("partner", "course", "create", "物理").strip()
    lesson = partner.run("partner", "lesson", "create", course, "压强").strip()
    video = tmp_path / "video.mp4"
    video.write_bytes(os.urandom(17 * MIB))
    token = json.loads((partner.home / "songtan" / "partner.json").read_text())["token"]
    with Centre(live_centre.url, token) as centre:
        new = {"name": video.name, "size": video.stat().st_size, "content_type": "video/mp4"}
        begun = centre.post(f"/api/lessons/{lesson}/sources", new)
        (part,) = centre.post(f"/api/sources/{begun['id']}/part-urls", {"numbers": [1]})["urls"]
    assert httpx2.put(part["url"], content=video.read_bytes()[: part["length"]]).is_success
    done = partner.json("partner", "upload", video, "--lesson", lesson)
    assert done["source"]["id"] == begun["id"]
    assert live_centre.store.get(Bucket.SOURCES, f"sources/{begun['id']}", 64 * MIB) == video.read_bytes()


def test_files_that_cannot_be_uploaded_are_said(partner: Terminal, tmp_path: Path) -> None:
    empty = tmp_path / "empty.mp4"
    empty.touch()
    assert "it is empty" in partner.run("partner", "upload", empty, "--lesson", "x", code=1)
    assert "No such file" in partner.run("partner", "upload", tmp_path / "none.mp4", "--lesson", "x", code=1)
    empty.write_bytes(b"x")
    assert "lesson" in partner.run("partner", "upload", empty, "--lesson", "x", code=1).lower()


def test_names_are_shown_and_sent_as_they_are(live_centre: LiveCentre, partner: Terminal, tmp_path: Path) -> None:
    title = "[/b] “压强” it's :smile: [red]"
    course = partner.run("partner", "course", "create", title).strip()
    assert title in partner.run("partner", "course", "list")
    lesson = partner.run("partner", "lesson", "create", course, title).strip()
    assert title in partner.run("partner", "lesson", "list", course)
    assert "one line" in partner.run("partner", "lesson", "create", course, "two\nlines", code=1)
    odd = tmp_path / os.fsdecode(b'[b] "1"\n\xff it\'s ' + "第一课.mp4".encode())  # what a disk may hold
    odd.write_bytes(b"film")
    assert '[b] "1" it\'s 第一课.mp4' in partner.run("partner", "upload", odd, "--lesson", lesson)
    with live_centre.centre.session() as session:
        assert [source.name for source in session.exec(select(Source))] == ['[b] "1" it\'s 第一课.mp4']


def test_a_failed_job_is_an_exit_code_and_a_reason(live_centre: LiveCentre, partner: Terminal, tmp_path: Path) -> None:
    course = partner.run("partner", "course", "create", "物理").strip()
    lesson = partner.run("partner", "lesson", "create", course, "压强").strip()
    video = tmp_path / "video.mp4"
    video.write_bytes(b"no video at all")
    partner.run("partner", "upload", video, "--lesson", lesson)
    live_centre.fail(live_centre.newest_job(), "There are no pictures in it.")
    assert "There are no pictures in it." in partner.run("partner", "watch", lesson, code=1)
    assert "No lesson of this course is ready" in partner.run("partner", "publish", course, code=1, typed="x\nx\n")


def test_ops_makes_a_node_a_code_and_an_assignment(live_centre: LiveCentre, terminal: Terminal) -> None:
    live_centre.account("li", Role.OPS)
    terminal.run("ops", "login", "--api", live_centre.url, "--name", "li", "--password-stdin", typed=PASSWORD)
    county = terminal.run("ops", "county", "add", "马边彝族自治县").strip()
    assert "already" in terminal.run("ops", "county", "add", "马边彝族自治县", code=1)
    site = terminal.json("ops", "site", "add", "高卓营乡中心校", "--county", county)["id"]
    node = terminal.json("ops", "node", "add", "盒子", "--site", site)["id"]
    assert "not enrolled yet" in terminal.run("ops", "nodes")
    assert terminal.json("ops", "nodes")[0]["id"] == node
    code = terminal.json("ops", "code", node)["code"]
    assert len(code) == 29
    assert f"--code {terminal.run('ops', 'code', node).split()[0]}"[:7] == "--code "
    partner = terminal.run("ops", "partner", "add", "成都七中").strip()
    add = ("ops", "account", "add", "zhang", "--role", "partner", "--partner", partner, "--password-stdin")
    terminal.run(*add, typed=PASSWORD)
    terminal.run("partner", "login", "--api", live_centre.url, "--name", "zhang", "--password-stdin", typed=PASSWORD)
    course = terminal.run("partner", "course", "create", "数学").strip()
    assert "one node, or one school, or one county" in terminal.run("ops", "assign", course, code=1)
    rule = terminal.run("ops", "assign", course, "--county", county).strip()
    assert rule in terminal.run("ops", "assignments")
    terminal.run("ops", "unassign", rule)
    assert terminal.json("ops", "assignments") == []


def test_ops_says_how_a_node_may_use_line_and_disk(live_centre: LiveCentre, terminal: Terminal) -> None:
    live_centre.account("li", Role.OPS)
    terminal.run("ops", "login", "--api", live_centre.url, "--name", "li", "--password-stdin", typed=PASSWORD)
    county = terminal.run("ops", "county", "add", "马边彝族自治县").strip()
    site = terminal.json("ops", "site", "add", "高卓营乡中心校", "--county", county)["id"]
    policy = ("ops", "node", "policy", terminal.json("ops", "node", "add", "盒子", "--site", site)["id"])
    before = terminal.json(*policy)
    assert (before["rate_limit_bits_per_s"], before["windows"]) == (None, [])

    hours = ("--window", "22:00-06:00", "--window", "1-5 12:00-14:00")
    told = terminal.run(*policy, "--rate-mbit", "1.5", "--monthly-gb", "20", "--quota-gb", "64", *hours)
    assert "22:00-06:00, 1-5 12:00-14:00" in told
    said = terminal.json(*policy, "--thrift", "0.001", "--tier", "compatible")
    assert said["rate_limit_bits_per_s"] == 1_500_000  # what is not said stays
    assert (said["monthly_bytes"], said["disk_quota_bytes"]) == (20_000_000_000, 64_000_000_000)
    assert (said["thrift"], said["tiers"]) == (0.001, ["compatible"])

    free = terminal.json(*policy, "--rate-mbit", "0", "--monthly-gb", "0", "--quota-gb", "0", "--any-time")
    assert (free["rate_limit_bits_per_s"], free["monthly_bytes"], free["disk_quota_bytes"]) == (None, None, None)
    assert free["windows"] == []
    assert "25:00" in terminal.run(*policy, "--window", "25:00-06:00", code=2)
    assert terminal.json(*policy) == free
    assert "no node" in terminal.run("ops", "node", "policy", "01M8C4CW3JJ7NQB51XDWTY6W84", code=1).lower()
