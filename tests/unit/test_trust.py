"""Each attack that TUF's specification names, and some that our own formats invite, against the node's trust."""

import json

import pytest
from tuf.api.metadata import TargetFile

from catalog.formats.errors import BadFormat, NotTrusted
from catalog.formats.trust import MAX_METADATA_BYTES, Floor, Trust, partner_role
from tests.fakes.repository import COURSE, OTHER, PARTNER, TIMESTAMP, FakeRepository, key_from, small_release


@pytest.fixture
def repository() -> FakeRepository:
    made = FakeRepository()
    made.add_partner(PARTNER)
    made.publish(small_release())
    return made


def test_a_node_that_takes_everything_knows_the_release_and_opens_it(repository: FakeRepository) -> None:
    trust = repository.read()
    target = trust.releases()[PARTNER, COURSE]
    assert trust.open_release(target, repository.objects[target.stored_as]) == small_release()
    assert trust.partner_roles() == {partner_role(PARTNER): 2}
    assert set(trust.signed_roles()) == {"root", "timestamp", "snapshot", "targets", partner_role(PARTNER)}


def test_only_the_newest_release_of_a_course_counts(repository: FakeRepository) -> None:
    older = repository.read().releases()[PARTNER, COURSE]
    repository.publish(small_release(2))
    trust = repository.read()
    assert trust.releases()[PARTNER, COURSE].number == 2
    with pytest.raises(NotTrusted, match="does not list it now"):
        trust.open_release(older, repository.objects[older.stored_as])


# What is not signed by those who may sign it


@pytest.mark.parametrize("role", ["root", "timestamp", "snapshot", "targets", partner_role(PARTNER)])
def test_a_statement_signed_with_a_foreign_key_is_refused(repository: FakeRepository, role: str) -> None:
    thief = key_from("thief")
    if role == "root":
        repository.root.version += 1
        repository.write_root([thief])
    elif role == "targets":
        repository.write_targets(thief)
    elif role in repository.keys:
        repository.keys[role] = thief
    else:
        repository.write_partner(role, [thief])
    repository.next_snapshot()
    with pytest.raises(NotTrusted, match="not signed by enough"):
        repository.read()


def test_a_threshold_of_two_is_two_keys(repository: FakeRepository) -> None:
    other = repository.add_partner(OTHER, threshold=2)
    first, second = repository.partner_keys[partner_role(other)]
    repository.publish(small_release(1, other), signers=[first])
    with pytest.raises(NotTrusted, match="not signed by enough"):
        repository.read()
    repository.publish(small_release(2, other), signers=[first, second])
    assert repository.read().releases()[other, COURSE].number == 2


def test_one_key_twice_is_not_two(repository: FakeRepository) -> None:
    other = repository.add_partner(OTHER, threshold=2)
    name = partner_role(other)
    first = repository.partner_keys[name][0]
    repository.publish(small_release(1, other), signers=[first])
    key = f"metadata/{repository.partners[name].version}.{name}.json"
    document = json.loads(repository.objects[key])
    document["signatures"] *= 2
    repository.objects[key] = json.dumps(document).encode()
    with pytest.raises(NotTrusted):
        repository.read()


def test_a_statement_of_another_kind_is_refused(repository: FakeRepository) -> None:
    trust = Trust(repository.first_root, Floor())
    with pytest.raises(NotTrusted, match="metadata of type 'root'"):
        trust.take_timestamp(repository.first_root)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[" * 100_000, b"\xff\xfe", b'{"signatures": [], "signed": {"_type": "timestamp"}}', b"null"]
)
def test_what_is_no_metadata_is_refused(repository: FakeRepository, data: bytes) -> None:
    with pytest.raises(NotTrusted, match="not TUF metadata"):
        Trust(repository.first_root, Floor()).take_timestamp(data)


def test_endless_metadata_is_refused_unread(repository: FakeRepository) -> None:
    with pytest.raises(NotTrusted, match="more than"):
        Trust(repository.first_root, Floor()).take_timestamp(bytes(MAX_METADATA_BYTES + 1))


# A partner beyond its own


def test_a_partner_cannot_list_what_belongs_to_another(repository: FakeRepository) -> None:
    other = repository.add_partner(OTHER)
    repository.publish(small_release(9), role=partner_role(other))
    assert repository.read().releases()[PARTNER, COURSE].number == 1


def test_a_partner_cannot_take_the_place_of_anothers_course(repository: FakeRepository) -> None:
    """A release under the id of a course of somebody else is that partner's own, and never the course's newest."""
    other = repository.add_partner(OTHER)
    repository.publish(small_release(99, other))
    listed = repository.read().releases()
    assert listed[PARTNER, COURSE].number == 1
    assert listed[other, COURSE].number == 99


def test_a_role_that_is_delegated_too_much_still_lists_its_own_only(repository: FakeRepository) -> None:
    other = repository.add_partner(OTHER, paths=["releases/*/*/*"])
    repository.publish(small_release(9), role=partner_role(other))
    assert repository.read().releases()[PARTNER, COURSE].number == 1


def test_a_partner_who_is_no_longer_delegated_lists_nothing(repository: FakeRepository) -> None:
    assert repository.targets.delegations is not None
    assert repository.targets.delegations.roles is not None
    del repository.targets.delegations.roles[partner_role(PARTNER)]
    repository.targets.version += 1
    repository.write_targets()
    repository.next_snapshot()
    trust = repository.read()
    assert trust.releases() == {}
    with pytest.raises(NotTrusted, match="not signed by enough"):
        trust.take_partner(partner_role(PARTNER), repository.objects[f"metadata/2.{partner_role(PARTNER)}.json"])


@pytest.mark.parametrize(
    "path",
    [
        f"releases/{PARTNER}/{COURSE}/01.json",
        f"releases/{PARTNER}/{COURSE}/0.json",
        f"releases/{PARTNER}/{COURSE}/" + "9" * 5000 + ".json",
        f"releases/{PARTNER}/{COURSE}/١.json",
        f"releases/{PARTNER}/{COURSE}/1",
        f"releases/{PARTNER}/{COURSE}/1.json\n",
        f"releases/{PARTNER}/../1.json",
        f"releases/{PARTNER}/{COURSE.lower()}/1.json",
        f"releases/{PARTNER}/x/1.json",
    ],
)
def test_a_path_that_is_no_release_is_passed_over(repository: FakeRepository, path: str) -> None:
    name = partner_role(PARTNER)
    repository.partners[name].targets = {path: TargetFile.from_data(path, b"x", ["sha256"])}
    repository.partners[name].version += 1
    repository.write_partner(name)
    repository.next_snapshot()
    assert repository.read().releases() == {}


def test_a_release_that_is_not_what_its_path_says_is_refused(repository: FakeRepository) -> None:
    target = repository.publish(small_release(2))
    other = small_release(3).encoded()
    signed = repository.partners[partner_role(PARTNER)]
    signed.targets[target.path] = TargetFile.from_data(target.path, other, ["sha256"])
    signed.version += 1
    repository.write_partner(partner_role(PARTNER))
    repository.next_snapshot()
    trust = repository.read()
    with pytest.raises(NotTrusted, match="listed as"):
        trust.open_release(trust.releases()[PARTNER, COURSE], other)


def test_a_tampered_release_is_refused(repository: FakeRepository) -> None:
    trust = repository.read()
    target = trust.releases()[PARTNER, COURSE]
    data = repository.objects[target.stored_as]
    for bad in (data[:-1], data + b" ", data.replace(b"\xe4", b"\xe5", 1), b""):
        with pytest.raises(NotTrusted, match="length and digest"):
            trust.open_release(target, bad)


def test_a_signed_release_that_breaks_the_format_is_refused(repository: FakeRepository) -> None:
    path = small_release(2).target_path
    signed = repository.partners[partner_role(PARTNER)]
    signed.targets = {path: TargetFile.from_data(path, b"{}", ["sha256"])}
    signed.version += 1
    repository.write_partner(partner_role(PARTNER))
    repository.next_snapshot()
    trust = repository.read()
    with pytest.raises(BadFormat, match="release"):
        trust.open_release(trust.releases()[PARTNER, COURSE], b"{}")


# Going back


def test_nothing_goes_back_within_a_session(repository: FakeRepository) -> None:
    old = repository.copy()
    repository.publish(small_release(2))
    trust = repository.read()
    with pytest.raises(NotTrusted, match="was already seen"):
        trust.take_timestamp(old.objects[TIMESTAMP])
    assert trust.releases()[PARTNER, COURSE].number == 2


def test_nothing_goes_back_after_the_cache_is_lost(repository: FakeRepository) -> None:
    """python-tuf's own client accepts this: its floor is its cache."""
    old = repository.copy()
    repository.publish(small_release(2))
    floor = repository.read().floor
    with pytest.raises(NotTrusted, match="was already seen"):
        old.read(floor=floor)


@pytest.mark.parametrize("role", ["snapshot", "targets", partner_role(PARTNER)])
def test_a_thief_of_the_online_keys_cannot_take_a_role_back(repository: FakeRepository, role: str) -> None:
    """With the keys of snapshot and timestamp one can sign new versions of these that name old roles."""
    old = repository.copy()
    repository.targets.version += 1
    repository.write_targets()
    repository.publish(small_release(2))
    trust = repository.read()
    old.timestamp.version = repository.timestamp.version + 5
    old.snapshot.version = repository.snapshot.version + (-1 if role == "snapshot" else 5)
    if role == partner_role(PARTNER):
        old.targets = repository.targets
        old.write_targets()
    if role == "targets":
        old.partners = repository.partners
        old.write_partner(partner_role(PARTNER))
    old.write_snapshot()
    with pytest.raises(NotTrusted, match=rf"{role} was refused.*already seen"):
        old.read(trust)


def test_a_role_cannot_vanish_from_the_snapshot(repository: FakeRepository) -> None:
    floor = repository.read().floor
    del repository.snapshot.meta[f"{partner_role(PARTNER)}.json"]
    repository.next_snapshot()
    with pytest.raises(NotTrusted, match="version 0"):
        repository.read(floor=floor)


def test_an_older_root_than_the_floor_is_refused(repository: FakeRepository) -> None:
    repository.rotate("root")
    floor = repository.read().floor
    with pytest.raises(NotTrusted, match="was already seen"):
        Trust(repository.first_root, floor)


def test_a_refused_statement_changes_nothing(repository: FakeRepository) -> None:
    trust = repository.read()
    before, floor = trust.releases(), trust.floor
    thief = repository.copy()
    thief.keys = {role: key_from(f"thief {role}") for role in thief.keys}
    thief.publish(small_release(50))
    for attack in (
        lambda: trust.take_root(thief.write_root([thief.keys["root"]])),
        lambda: trust.take_timestamp(thief.objects[TIMESTAMP]),
        lambda: trust.take_snapshot(thief.objects[f"metadata/{thief.snapshot.version}.snapshot.json"]),
        lambda: trust.take_targets(thief.write_targets()),
        lambda: trust.take_partner(partner_role(PARTNER), thief.write_partner(partner_role(PARTNER))),
    ):
        with pytest.raises(NotTrusted):
            attack()
    assert trust.releases() == before
    assert trust.floor == floor


# Mixing and matching


def test_roles_of_two_snapshots_do_not_mix(repository: FakeRepository) -> None:
    old = repository.copy()
    repository.publish(small_release(2))
    name = partner_role(PARTNER)
    trust = repository.read()
    with pytest.raises(NotTrusted, match="length and digest"):
        trust.take_partner(name, old.objects[f"metadata/{old.partners[name].version}.{name}.json"])
    with pytest.raises(NotTrusted, match="length and digest"):
        trust.take_snapshot(old.objects[f"metadata/{old.snapshot.version}.snapshot.json"])


def test_a_new_snapshot_makes_its_roles_be_taken_anew(repository: FakeRepository) -> None:
    trust = repository.read()
    repository.publish(small_release(2))
    assert trust.take_timestamp(repository.objects[TIMESTAMP])
    trust.take_snapshot(repository.objects[f"metadata/{trust.snapshot_version}.snapshot.json"])
    with pytest.raises(NotTrusted, match="not been received yet"):
        trust.releases()


def test_the_same_snapshot_is_not_asked_for_again(repository: FakeRepository) -> None:
    trust = repository.read()
    repository.timestamp.version += 1
    repository.write_timestamp()
    assert not trust.take_timestamp(repository.objects[TIMESTAMP])
    assert trust.releases()[PARTNER, COURSE].number == 1


@pytest.mark.parametrize("step", ["take_snapshot", "take_targets"])
def test_nothing_is_taken_out_of_order(repository: FakeRepository, step: str) -> None:
    with pytest.raises(NotTrusted, match="not been received yet"):
        getattr(Trust(repository.first_root, Floor()), step)(b"{}")
