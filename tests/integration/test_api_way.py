"""The centre's part of the way: course, upload, job, release, enrolment, direction, report."""

import base64
import json

from catalog.accounts.models import Role
from catalog.formats.hashing import sha256_hex
from catalog.formats.ids import new_id
from catalog.formats.protocol import TIMESTAMP_HEADER, Direction
from catalog.formats.release import parse_release
from catalog.formats.rungs import Tier
from catalog.formats.trust import TIMESTAMP
from catalog.nodes import directions
from catalog.storage.base import Bucket
from tests.centre import World


def test_a_lesson_travels_from_upload_to_a_direction(world: World) -> None:
    partner, ops = world.as_(Role.PARTNER), world.as_(Role.OPS)
    course = world.course(partner, title="初中物理 “八年级” 下册")
    lesson = world.lesson(partner, course["id"])
    done = world.upload(partner, lesson["id"], b"x" * (9 << 20))
    assert done["source"]["state"] == "uploaded"
    assert done["job"]["state"] == "waiting"
    assert [ring.kind for ring in world.doorbell.rings] == ["ingest"]
    stored = world.store.stat(Bucket.SOURCES, f"sources/{done['source']['id']}")
    assert stored is not None
    assert stored.length == 9 << 20

    world.finish_job(done["job"]["job_id"])
    caption = b"WEBVTT\n\n00:00.000 --> 00:02.000\n\xe5\x8e\x8b\xe5\xbc\xba\n"
    world.send("PUT", f"/api/lessons/{lesson['id']}/captions/zh-CN?name=中文", partner, content=caption)
    publication = world.send("POST", f"/api/courses/{course['id']}/publications", partner, 201)
    assert publication["sign_url"].startswith("http://signer.test/sign/")
    assert publication["left_out"] == []
    draft_id = publication["sign_url"].rsplit("/", 1)[1]
    release = parse_release(world.signer.releases[draft_id].encoded())
    assert (release.number, release.title, len(release.lessons)) == (1, course["title"], 1)
    assert release.lessons[0].captions[0].language == "zh-CN"

    node, box = world.enrolled_node(ops)
    rule = world.send("POST", "/api/assignments", ops, 201, json={"course_id": course["id"], "node_id": node["id"]})
    assert rule["target_name"] == "盒子"
    world.look()
    assert world.signer.directions[-1].assignments == ()  # nothing is published yet
    world.signer.sign(draft_id)
    world.look()
    shown = world.send("GET", f"/api/publications/{publication['id']}", partner)
    assert (shown["state"], shown["target_path"]) == ("published", release.target_path)

    answer = world.client.get("/api/node/direction", headers=box)
    direction = Direction.model_validate(json.loads(base64.b64decode(answer.json()["payload"])))
    assert [(a.course, a.release) for a in direction.assignments] == [(course["id"], 1)]
    same = world.client.get("/api/node/direction", headers={**box, "If-None-Match": answer.headers["etag"]})
    assert same.status_code == 304
    assert TIMESTAMP_HEADER not in same.headers  # nothing is in the store yet
    world.store.put(Bucket.PUBLIC, TIMESTAMP, b"signed")
    world.look()
    told = world.client.get("/api/node/direction", headers={**box, "If-None-Match": answer.headers["etag"]})
    assert (told.status_code, told.headers[TIMESTAMP_HEADER]) == (304, sha256_hex(b"signed"))


def test_what_a_node_reports_is_shown(world: World) -> None:
    ops = world.as_(Role.OPS)
    course = world.published_course(world.as_(Role.PARTNER))
    node, box = world.enrolled_node(ops)
    world.look()
    report = {
        "id": new_id(),
        "made": "2026-11-24T08:00:00+08:00",
        "health": {
            "software": "1", "started": "2026-11-24T07:00:00+08:00", "disk_free": 1 << 40, "disk_total": 1 << 41,
            "clock_offset_s": -3.5, "direction_version": 1, "problems": ["磁盘将满"],
        },
        "courses": [
            {"course": course["id"], "release": 1, "lessons_ready": 1, "lessons": 1, "bytes_held": 9_000_000_000,
             "bytes_wanted": 9_000_000_000},
        ],
    }  # fmt: skip
    assert world.send("POST", "/api/node/reports", box, json=report)["direction_version"] == 1
    held = world.send("GET", f"/api/nodes/{node['id']}", ops)
    assert (held["lessons_ready"], held["bytes_held"]) == (1, 9_000_000_000)
    assert held["holdings"][0]["course_title"] == course["title"]
    assert held["health"]["problems"] == ["磁盘将满"]


def test_an_upload_goes_on_where_it_stopped(world: World) -> None:
    who = world.as_(Role.PARTNER)
    lesson = world.lesson(who, world.course(who)["id"])
    data = bytes(range(256)) * (20 << 12)  # 20 MiB: three parts
    new = {"name": "a b “c”.mp4", "size": len(data)}
    source = world.send("POST", f"/api/lessons/{lesson['id']}/sources", who, 201, json=new)
    assert source["parts"] == 3
    base = f"/api/sources/{source['id']}"
    for part in world.send("POST", f"{base}/part-urls", who, json={"numbers": [1, 3]})["urls"]:
        world.store.receive(part["url"], data[part["start"] : part["start"] + part["length"]])
    cut = world.send("POST", f"{base}/part-urls", who, json={"numbers": [2]})["urls"][0]
    world.store.receive(cut["url"], b"cut short")

    missing = world.send("POST", f"{base}/complete", who, 409)
    assert (missing["code"], missing["data"]["first"], missing["data"]["count"]) == ("source.parts-missing", 2, 1)
    again = world.send("POST", f"/api/lessons/{lesson['id']}/sources", who, 201, json=new)
    assert again["id"] == source["id"]
    held = world.send("GET", f"{base}/parts", who)["parts"]
    assert [part["number"] for part in held] == [1, 3]

    world.store.receive(cut["url"], data[cut["start"] : cut["start"] + cut["length"]])
    done = world.send("POST", f"{base}/complete", who)
    twice = world.send("POST", f"{base}/complete", who)
    assert twice["job"]["job_id"] == done["job"]["job_id"]
    assert world.store.get(Bucket.SOURCES, f"sources/{source['id']}", 1 << 30) == data


def test_completing_is_not_lost_when_the_store_was_faster_than_us(world: World) -> None:
    who = world.as_(Role.PARTNER)
    lesson = world.lesson(who, world.course(who)["id"])
    new = {"name": "x.mp4", "size": 3}
    source = world.send("POST", f"/api/lessons/{lesson['id']}/sources", who, 201, json=new)
    upload_id = next(iter(world.store.uploads))
    url = world.send("POST", f"/api/sources/{source['id']}/part-urls", who, json={"numbers": [1]})["urls"][0]["url"]
    world.store.receive(url, b"abc")
    key = f"sources/{source['id']}"
    parts = world.store.list_parts(Bucket.SOURCES, key, upload_id)
    world.store.complete_upload(Bucket.SOURCES, key, upload_id, parts)  # our transaction was lost after this
    assert world.send("POST", f"/api/sources/{source['id']}/complete", who)["source"]["state"] == "uploaded"


def test_a_file_of_another_length_is_no_source(world: World) -> None:
    who = world.as_(Role.PARTNER)
    lesson = world.lesson(who, world.course(who)["id"])
    new = {"name": "x.mp4", "size": 3}
    source = world.send("POST", f"/api/lessons/{lesson['id']}/sources", who, 201, json=new)
    world.store.abort_upload(Bucket.SOURCES, f"sources/{source['id']}", next(iter(world.store.uploads)))
    world.store.put(Bucket.SOURCES, f"sources/{source['id']}", b"more than was announced")
    refused = world.send("POST", f"/api/sources/{source['id']}/complete", who, 409)
    assert (refused["code"], refused["data"]["length"]) == ("source.wrong-size", 23)
    assert world.send("GET", f"/api/lessons/{lesson['id']}/jobs", who)["jobs"] == []
    again = world.send("POST", f"/api/lessons/{lesson['id']}/sources", who, 201, json=new)
    assert again["id"] != source["id"], "what the message says to do works"


def test_an_abandoned_upload_frees_its_parts(world: World) -> None:
    who = world.as_(Role.PARTNER)
    lesson = world.lesson(who, world.course(who)["id"])
    source = world.send("POST", f"/api/lessons/{lesson['id']}/sources", who, 201, json={"name": "x", "size": 3})
    assert world.send("DELETE", f"/api/sources/{source['id']}", who)["state"] == "abandoned"
    assert world.store.uploads == {}
    refused = world.send("POST", f"/api/sources/{source['id']}/complete", who, 409)
    assert refused["code"] == "source.not-uploading"


def test_publishing_again_gives_the_waiting_draft_or_supersedes_it(world: World) -> None:
    who = world.as_(Role.PARTNER)
    course = world.ready_course(who)
    path = f"/api/courses/{course['id']}/publications"
    first = world.send("POST", path, who, 201)
    assert world.send("POST", path, who, 201)["id"] == first["id"]
    world.lesson(who, course["id"], title="第二课")
    still = world.send("POST", path, who, 201)
    assert still["id"] == first["id"]
    assert [left["title"] for left in still["left_out"]] == ["第二课"]

    world.send("PUT", f"/api/courses/{course['id']}", who, json={"title": "改名"})
    newer = world.send("POST", path, who, 201)
    assert (newer["number"], newer["state"]) == (2, "awaiting_signature")
    states = {p["number"]: p["state"] for p in world.send("GET", path, who)["publications"]}
    assert states == {1: "withdrawn", 2: "awaiting_signature"}


def test_a_signer_that_is_away_leaves_nothing_half_published(world: World) -> None:
    who = world.as_(Role.PARTNER)
    course = world.ready_course(who)
    path = f"/api/courses/{course['id']}/publications"
    world.signer.away = True
    assert world.send("POST", path, who, 503)["code"] == "signer.away"
    assert world.send("GET", path, who)["publications"] == []
    world.signer.away, world.signer.refusal = False, "pack 12ab… is not in the store"
    refused = world.send("POST", path, who, 409)
    assert "12ab" in refused["detail"]
    world.signer.refusal = ""
    assert world.send("POST", path, who, 201)["number"] == 1


def test_a_refused_draft_says_why(world: World) -> None:
    who = world.as_(Role.PARTNER)
    course = world.ready_course(who)
    publication = world.send("POST", f"/api/courses/{course['id']}/publications", who, 201)
    world.signer.refuse(publication["sign_url"].rsplit("/", 1)[1], "wrong lesson")
    shown = world.send("POST", f"/api/publications/{publication['id']}/refresh", who)
    assert (shown["state"], shown["reason"]) == ("withdrawn", "wrong lesson")


def test_nothing_to_publish_says_what_to_do(world: World) -> None:
    who = world.as_(Role.PARTNER)
    course = world.course(who)
    world.lesson(who, course["id"])
    refused = world.send("POST", f"/api/courses/{course['id']}/publications", who, 409)
    assert refused["code"] == "publishing.nothing-ready"
    assert "upload" in refused["detail"]


def test_a_direction_that_is_owed_survives_a_signer_that_is_away(world: World) -> None:
    partner, ops = world.as_(Role.PARTNER), world.as_(Role.OPS)
    course = world.published_course(partner)
    node, box = world.enrolled_node(ops)
    world.send("POST", "/api/assignments", ops, 201, json={"course_id": course["id"], "site_id": node["site_id"]})
    world.signer.away = True
    assert world.client.get("/api/node/direction", headers=box).status_code == 404
    assert world.send("GET", f"/api/nodes/{node['id']}", ops)["direction_due"] is True
    world.signer.away = False
    world.look()
    assert world.signer.directions[-1].node == node["id"]
    assert [a.course for a in world.signer.directions[-1].assignments] == [course["id"]]
    assert world.send("GET", f"/api/nodes/{node['id']}", ops)["direction_due"] is False


def test_rules_reach_by_county_school_and_node(world: World) -> None:
    partner, ops = world.as_(Role.PARTNER), world.as_(Role.OPS)
    course = world.published_course(partner)
    here, _ = world.enrolled_node(ops)
    elsewhere, _ = world.enrolled_node(ops)
    world.look()
    world.signer.directions.clear()
    rule = {"course_id": course["id"], "county_id": here["county_id"]}
    added = world.send("POST", "/api/assignments", ops, 201, json=rule)
    assert world.send("POST", "/api/assignments", ops, 201, json=rule)["id"] == added["id"]
    world.look()
    assert [d.node for d in world.signer.directions] == [here["id"]]
    world.send("DELETE", f"/api/assignments/{added['id']}", ops, 204)
    world.look()
    assert [(d.node, d.assignments) for d in world.signer.directions[1:]] == [(here["id"], ())]
    assert elsewhere["id"] not in {d.node for d in world.signer.directions}
    versions = [d.version for d in world.signer.directions]
    assert versions == sorted(set(versions))


def test_a_policy_reaches_the_node(world: World) -> None:
    ops = world.as_(Role.OPS)
    node, _ = world.enrolled_node(ops)
    world.look()
    policy = {"rate_limit_bits_per_s": 2_000_000, "windows": [{"start": 1320, "end": 360}], "tiers": ["modern"]}
    shown = world.send("PUT", f"/api/nodes/{node['id']}/policy", ops, json=policy)
    assert shown["policy"]["rate_limit_bits_per_s"] == 2_000_000
    world.look()
    assert world.signer.directions[-1].policy.windows[0].start == 1320
    assert world.signer.directions[-1].policy.tiers == (Tier.MODERN,)
    version = world.signer.directions[-1].version
    with world.centre.session() as session:
        directions.set_tiers(session, node["id"], (Tier.MODERN, Tier.COMPATIBLE))
    world.look()
    now = world.signer.directions[-1]
    assert now.version > version
    assert now.policy.tiers == (Tier.COMPATIBLE, Tier.MODERN)
    assert now.policy.windows[0].start == 1320, "the rest of the policy stays"
    metered = {"monthly_bytes": 10**9, "thrift": 0.001, "disk_quota_bytes": 10**11}
    world.send("PUT", f"/api/nodes/{node['id']}/policy", ops, json=metered)
    world.look()
    told = world.signer.directions[-1].policy
    assert (told.monthly_bytes, told.thrift, told.disk_quota_bytes) == (10**9, 0.001, 10**11)
    world.send("PUT", f"/api/nodes/{node['id']}/policy", ops, 422, json={"thrift": 2})
    world.send("PUT", f"/api/nodes/{node['id']}/policy", ops, 422, json={"tiers": []})
    world.send("PUT", f"/api/nodes/{node['id']}/policy", ops, 422, json={"tiers": ["other"]})
