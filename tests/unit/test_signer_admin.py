"""What ops does by hand: partners, renewal, new keys, a restore; and what the signer does by itself."""

import json
import shutil
from pathlib import Path

import pytest

from catalog.formats.errors import BadFormat, NotTrusted
from catalog.formats.protocol import Assignment
from catalog.formats.trust import Floor, Trust, partner_role
from catalog.storage.base import Bucket
from signer.admin import NewSigner
from signer.directions import DirectionRequest, parse_request
from signer.durable import locked
from signer.errors import (
    AlreadyThere,
    BadPassphrase,
    BrokenFile,
    Diverged,
    NotThere,
    SignerBusy,
    UnknownPartner,
    UnknownRelease,
    UnknownSigner,
)
from signer.keys import Duty
from tests.fakes.repository import COURSE, NODE, OTHER, PARTNER, FakeRepository
from tests.signing import OPS, PASSPHRASES, PUBLISHER, REVIEWER, Desk, course, read_store


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "keys").open()


def read_on(desk: Desk, trust: Trust) -> Trust:
    """Let a node that has `trust` take what the store holds now."""
    node = FakeRepository()
    node.objects = {key: data for (bucket, key), (data, _) in desk.store.objects.items() if bucket is Bucket.PUBLIC}
    return node.read(trust)


# Beginning


def test_a_signer_without_keys_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="songtan signer init"):
        Desk(tmp_path).service.tick()


def test_a_repository_is_made_once(desk: Desk) -> None:
    before = desk.service.repository.load().objects
    with pytest.raises(AlreadyThere):
        desk.service.repository.create(OPS)
    assert desk.again().service.repository.load().objects == before


def test_the_root_key_may_live_elsewhere(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "keys")
    desk.service.repository.create(OPS, tmp_path / "safe")
    assert not (desk.folder / "root.key").exists()
    assert desk.service.keys.open_ops("root", OPS, tmp_path / "safe")


def test_a_partner_is_added_by_ops_alone_and_once(desk: Desk) -> None:
    people = [NewSigner("新老师", Duty.PUBLISHER, "a good passphrase")]
    with pytest.raises(BadPassphrase):
        desk.admin.add_partner(OTHER, people, 1, "not the passphrase")
    assert desk.service.keys.signers(OTHER) == []
    desk.admin.add_partner(OTHER, people, 1, OPS)
    with pytest.raises(AlreadyThere):
        desk.admin.add_partner(OTHER, people, 1, OPS)
    with pytest.raises(BadFormat, match="ULID"):
        desk.admin.add_partner("../up", people, 1, OPS)
    role = desk.service.repository.load().role(partner_role(OTHER))
    assert role is not None
    assert role.paths == [f"releases/{OTHER}/*/*"]


def test_one_more_signer_can_sign(desk: Desk) -> None:
    desk.admin.add_signer(PARTNER, NewSigner(REVIEWER, Duty.PUBLISHER, PASSPHRASES[REVIEWER]), OPS)
    desk.publish(course(), REVIEWER)
    assert read_store(desk.store).listed(PARTNER, COURSE) is not None
    with pytest.raises(UnknownPartner):
        desk.admin.add_signer(OTHER, NewSigner("x", Duty.PUBLISHER, "a good passphrase"), OPS)


# Two at once, and damage


def test_two_processes_do_not_sign_at_once(desk: Desk) -> None:
    draft = desk.service.propose(course().encoded())
    with locked(desk.folder / "repository" / "lock", 0), pytest.raises(SignerBusy, match="Another process"):
        desk.service.sign(draft.id, PUBLISHER, PASSPHRASES[PUBLISHER])
    desk.service.sign(draft.id, PUBLISHER, PASSPHRASES[PUBLISHER])


def test_a_running_signer_takes_up_what_the_command_line_did(desk: Desk) -> None:
    desk.service.tick()
    desk.again().admin.add_partner(OTHER, [NewSigner("新老师", Duty.PUBLISHER, "a good passphrase")], 1, OPS)
    desk.service.tick()
    assert partner_role(OTHER) in read_store(desk.store).partners


def test_rot_on_the_disk_is_noticed(desk: Desk) -> None:
    newest = desk.folder / "repository" / "objects" / "metadata" / "2.targets.json"
    newest.write_bytes(newest.read_bytes().replace(b"releases", b"Releases"))
    with pytest.raises(BrokenFile, match="backup"):
        desk.again().service.tick()


# Renewal


def test_snapshot_and_timestamp_are_signed_anew_before_they_expire(desk: Desk) -> None:
    desk.service.tick()
    first = read_store(desk.store).timestamp.signed
    desk.clock.go(days=14)
    desk.service.tick()
    assert read_store(desk.store).timestamp.signed.version == first.version
    desk.clock.go(days=2)
    desk.service.tick()
    renewed = read_store(desk.store)
    assert renewed.timestamp.signed.version == first.version + 1
    assert (renewed.timestamp.signed.expires - desk.clock()).days == 30
    assert (renewed.snapshot.signed.expires - desk.clock()).days == 30


def test_the_lifetimes_are_those_that_operations_promise(desk: Desk) -> None:
    expires = desk.service.repository.load().trust.signed_roles()
    days = {role: round((at - desk.clock()).total_seconds() / 86400) for role, at in expires.items()}
    assert days == {"root": 3652, "timestamp": 30, "snapshot": 30, "targets": 365, partner_role(PARTNER): 365}


def test_ops_and_partners_renew_theirs(desk: Desk) -> None:
    desk.publish(course())
    desk.clock.go(days=300)
    desk.admin.renew_targets(OPS)
    desk.admin.renew_partner(PARTNER, {PUBLISHER: PASSPHRASES[PUBLISHER]})
    desk.service.tick()
    found = read_store(desk.store)
    assert {(at - desk.clock()).days for at in found.trust.signed_roles().values()} == {3352, 365, 30}
    assert found.listed(PARTNER, COURSE) is not None
    with pytest.raises(UnknownSigner):
        desk.admin.renew_partner(PARTNER, {})
    with pytest.raises(UnknownPartner):
        desk.admin.renew_partner(OTHER, {})


def test_new_online_keys_are_followed_by_nodes_and_the_old_ones_are_worth_nothing(desk: Desk) -> None:
    desk.publish(course())
    trust = read_store(desk.store).trust
    request = DirectionRequest(node=NODE, store_url="http://store.test", assignments=())
    old = json.dumps(desk.service.direction(request)).encode()
    desk.admin.rotate_online(OPS, desk.service.keys.open_ops("root", OPS))
    desk.service.tick()
    trust = read_on(desk, trust)
    assert trust.root_version == 2
    assert (PARTNER, COURSE) in trust.releases()
    with pytest.raises(NotTrusted):
        trust.open_direction(old, NODE)
    assert trust.open_direction(json.dumps(desk.service.direction(request)).encode(), NODE).version == 2
    desk.again().publish(course(2))
    assert read_on(desk, trust).releases()[PARTNER, COURSE].number == 2


# A folder that was restored from a backup


def restored(desk: Desk, to: Path) -> Desk:
    """Return the desk as it was before release 2, beside a store that knows release 2."""
    shutil.copytree(desk.folder, to)
    desk.publish(course(2))
    return desk.again(to)


def test_a_restored_folder_overwrites_nothing(desk: Desk, tmp_path: Path) -> None:
    desk.publish(course(1))
    old = restored(desk, tmp_path / "backup")
    before = dict(desk.store.objects)
    with pytest.raises(Diverged, match="songtan signer adopt"):
        old.service.tick()
    draft = old.service.propose(course(3).encoded())
    with pytest.raises(Diverged):
        old.service.sign(draft.id, PUBLISHER, PASSPHRASES[PUBLISHER])
    assert desk.store.objects == before


def test_a_restored_folder_takes_over_what_the_store_still_has(desk: Desk, tmp_path: Path) -> None:
    desk.publish(course(1))
    old = restored(desk, tmp_path / "backup")
    trust = read_store(desk.store).trust
    old.admin.adopt(old.service.uploader)
    assert old.admin.raise_versions(1000, OPS) == [PARTNER]
    old.publish(course(3))
    trust = read_on(old, trust)
    assert trust.releases()[PARTNER, COURSE].number == 3
    assert min(trust.floor["timestamp"], trust.floor["snapshot"], trust.floor["targets"]) >= 1000


def test_where_the_store_burnt_too_every_version_is_raised(desk: Desk, tmp_path: Path) -> None:
    """Nodes have seen release 2; folder and store know release 1 only. Raised, they believe the centre again."""
    desk.publish(course(1))
    old = restored(desk, tmp_path / "backup")
    node = read_store(desk.store).trust
    for bucket, key in list(desk.store.objects):
        if key.startswith("metadata/"):
            desk.store.delete(bucket, key)
    assert old.admin.raise_versions(1000, OPS) == [PARTNER]
    old.service.tick()
    with pytest.raises(NotTrusted, match="already seen"):
        read_on(old, node)
    old.admin.renew_partner(PARTNER, {PUBLISHER: PASSPHRASES[PUBLISHER]}, 1000)
    old.service.tick()
    node = read_on(old, node)
    assert node.floor[partner_role(PARTNER)] == 1000
    direction = old.service.direction(DirectionRequest(node=NODE, store_url="http://store.test", assignments=()))
    assert node.open_direction(json.dumps(direction).encode(), NODE).version == 1000


def test_another_repository_in_the_store_is_not_adopted(desk: Desk, tmp_path: Path) -> None:
    other = Desk(tmp_path / "other", desk.store)
    other.service.repository.create(OPS)
    other.service.tick()
    with pytest.raises(Diverged):
        desk.service.tick()
    with pytest.raises(NotTrusted, match="another root"):
        desk.admin.adopt(desk.service.uploader)


# Directions


def test_a_direction_names_listed_releases_of_the_right_partner_only(desk: Desk) -> None:
    desk.publish(course(2))

    def ask(**changes: object) -> Trust:
        assignment = Assignment(course=COURSE, partner=PARTNER, release=2).model_copy(update=changes)
        desk.service.direction(DirectionRequest(node=NODE, store_url="http://s", assignments=(assignment,)))
        return Trust(desk.service.repository.load().objects["metadata/1.root.json"], Floor())

    assert ask(release=1)
    assert ask()
    for wrong in ({"release": 3}, {"partner": OTHER}, {"course": NODE}):
        with pytest.raises(UnknownRelease, match="no signed release"):
            ask(**wrong)


def test_the_versions_of_a_nodes_directions_only_grow(desk: Desk) -> None:
    trust = desk.service.repository.load().trust

    def ask(minimum: int = 1, node: str = NODE) -> int:
        request = DirectionRequest(node=node, store_url="http://s", assignments=(), minimum_version=minimum)
        return trust.open_direction(json.dumps(desk.service.direction(request)).encode(), node).version

    assert [ask(), ask(), ask(10), ask(3)] == [1, 2, 10, 11]
    desk = desk.again()
    assert ask() == 12
    assert desk.service.directions.last_version(OTHER) == 0
    request = DirectionRequest(node=NODE, store_url="http://s", assignments=())
    direction = trust.open_direction(json.dumps(desk.service.direction(request)).encode(), NODE)
    assert (direction.expires - direction.issued).days == 30
    assert direction.issued == desk.clock()


@pytest.mark.parametrize("body", [b"", b"[]", b'{"node": "x"}', b'{"node": 1e999}', b"\xff"])
def test_a_request_that_is_no_direction_is_refused(body: bytes) -> None:
    with pytest.raises(BadFormat, match="direction"):
        parse_request(body)
