"""The node's trust over time: new roots, expiry, directions, and any byte that changed on the way."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.formats.errors import AppError, NotTrusted
from catalog.formats.ids import new_id
from catalog.formats.protocol import Assignment
from catalog.formats.trust import MAX_DIRECTION_BYTES, Floor, Trust, partner_role
from tests.fakes.repository import COURSE, NODE, PARTNER, TIMESTAMP, FakeRepository, key_from, small_release


@pytest.fixture
def repository() -> FakeRepository:
    made = FakeRepository()
    made.add_partner(PARTNER)
    made.publish(small_release())
    return made


# Roots


def test_a_root_chain_is_followed_over_two_rotations(repository: FakeRepository) -> None:
    repository.rotate("root")
    repository.rotate("root", "timestamp", "targets")
    trust = repository.read()
    assert trust.root_version == 3
    assert trust.releases()[PARTNER, COURSE].number == 1


@pytest.mark.parametrize("missing", ["old", "new"])
def test_a_new_root_needs_the_old_and_the_new_keys(repository: FakeRepository, missing: str) -> None:
    old = repository.keys["root"]
    repository.rotate("root")
    repository.write_root([repository.keys["root"] if missing == "old" else old])
    with pytest.raises(NotTrusted, match="not signed by enough"):
        repository.read()


def test_a_root_cannot_be_skipped(repository: FakeRepository) -> None:
    repository.rotate("timestamp")
    third = repository.rotate("timestamp")
    with pytest.raises(NotTrusted, match="version 3, not 2"):
        Trust(repository.first_root, Floor()).take_root(third)


def test_a_revoked_key_signs_nothing_any_more(repository: FakeRepository) -> None:
    stolen = repository.keys["timestamp"]
    repository.rotate("timestamp")
    trust = repository.read()
    repository.keys["timestamp"] = stolen
    repository.next_snapshot()
    with pytest.raises(NotTrusted, match="not signed by enough"):
        trust.take_timestamp(repository.objects[TIMESTAMP])


def test_a_new_root_makes_everything_be_taken_anew(repository: FakeRepository) -> None:
    trust = repository.read()
    trust.take_root(repository.rotate("targets"))
    with pytest.raises(NotTrusted, match="not been received yet"):
        trust.releases()


def test_new_online_keys_end_a_fast_forward(repository: FakeRepository) -> None:
    """A thief of the online keys drives the versions up; the centre rotates the keys and goes on from its own."""
    thief = repository.copy()
    thief.snapshot.version = thief.timestamp.version = 2**62
    thief.write_snapshot()
    trust = thief.read()
    repository.publish(small_release(2))
    with pytest.raises(NotTrusted, match="already seen"):
        repository.read(trust)
    repository.rotate("timestamp", "snapshot")
    assert repository.read(trust).releases()[PARTNER, COURSE].number == 2
    assert trust.floor["timestamp"] == repository.timestamp.version
    with pytest.raises(NotTrusted, match="not signed by enough"):
        trust.take_timestamp(thief.objects[TIMESTAMP])


def test_a_root_that_keeps_the_online_keys_keeps_the_floor(repository: FakeRepository) -> None:
    old = repository.copy()
    repository.publish(small_release(2))
    trust = repository.read()
    trust.take_root(repository.rotate("root"))
    with pytest.raises(NotTrusted, match="already seen"):
        trust.take_timestamp(old.objects[TIMESTAMP])


# Time


@pytest.mark.parametrize("when", [datetime(1970, 1, 2, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)])
def test_expired_or_not_a_class_goes_on(when: datetime) -> None:
    """Nothing is refused for its age: the trust never looks at a clock. Ops see when statements expire."""
    repository = FakeRepository(now=when - timedelta(days=366))
    repository.add_partner(PARTNER)
    repository.publish(small_release())
    trust = repository.read()
    assert trust.releases()[PARTNER, COURSE].number == 1
    assert set(trust.signed_roles().values()) == {when - timedelta(days=1)}


# Directions


def test_a_direction_is_opened_by_the_node_that_it_is_for(repository: FakeRepository) -> None:
    assignment = Assignment(course=COURSE, partner=PARTNER, release=1)
    direction = repository.read().open_direction(repository.direction(NODE, [assignment], 3), NODE)
    assert direction.assignments == (assignment,)
    assert direction.version == 3


def _with_payload(data: bytes, change: Callable[[dict[str, object]], None]) -> bytes:
    envelope = json.loads(data)
    payload = json.loads(base64.b64decode(envelope["payload"]))
    change(payload)
    envelope["payload"] = base64.b64encode(json.dumps(payload).encode()).decode()
    return json.dumps(envelope).encode()


def test_a_direction_is_refused_unless_all_of_it_is_right(repository: FakeRepository) -> None:
    trust = repository.read()
    good = repository.direction(NODE, version=2)
    envelope = json.loads(good)
    attacks: dict[str, tuple[bytes, str]] = {
        "another node": (repository.direction(new_id(), version=2), "another node"),
        "a partner's key": (
            repository.direction(NODE, version=2, signer=repository.partner_keys[partner_role(PARTNER)][0]),
            "not signed by the centre",
        ),
        "the timestamp's key": (
            repository.direction(NODE, version=2, signer=repository.keys["timestamp"]),
            "not signed",
        ),
        "another type": (repository.direction(NODE, version=2, payload_type="text/plain"), "its payload is"),
        "changed": (_with_payload(good, lambda payload: payload.update(version=9)), "not signed"),
        "unsigned": (json.dumps(envelope | {"signatures": []}).encode(), "not signed"),
        "no envelope": (b"{}", "not a DSSE envelope"),
        "nothing": (b"", "not a DSSE envelope"),
        "nested": (b"[" * 100_000, "not a DSSE envelope"),
        "signatures of another kind": (json.dumps(envelope | {"signatures": [[]]}).encode(), "not a DSSE envelope"),
        "payload of another kind": (json.dumps(envelope | {"payload": 1}).encode(), "not a DSSE envelope"),
        "endless": (bytes(MAX_DIRECTION_BYTES + 1), "more than"),
    }
    for name, (data, why) in attacks.items():
        with pytest.raises(NotTrusted, match=why):
            pytest.fail(f"{name}: {trust.open_direction(data, NODE)}")
    assert trust.open_direction(good, NODE).version == 2


def test_a_direction_never_goes_back_and_comes_again(repository: FakeRepository) -> None:
    trust = repository.read()
    newest = repository.direction(NODE, version=7)
    trust.open_direction(newest, NODE)
    with pytest.raises(NotTrusted, match="version 7 was already seen"):
        trust.open_direction(repository.direction(NODE, version=6), NODE)
    assert trust.open_direction(newest, NODE).version == 7


def test_a_revoked_key_signs_no_direction(repository: FakeRepository) -> None:
    assert repository.targets.delegations is not None
    stolen = repository.keys["directions"]
    repository.targets.revoke_key(stolen.public_key.keyid, "directions")
    repository.targets.add_key(key_from("new").public_key, "directions")
    repository.targets.version += 1
    repository.write_targets()
    repository.next_snapshot()
    trust = repository.read()
    with pytest.raises(NotTrusted, match="not signed"):
        trust.open_direction(repository.direction(NODE), NODE)
    assert trust.open_direction(repository.direction(NODE, signer=key_from("new")), NODE).version == 1


def test_without_targets_no_direction_is_believed(repository: FakeRepository) -> None:
    with pytest.raises(NotTrusted, match="not been received yet"):
        Trust(repository.first_root, Floor()).open_direction(repository.direction(NODE), NODE)


# Any byte


WHOLE = FakeRepository()
WHOLE.add_partner(PARTNER)
WHOLE.publish(small_release())
WHOLE.objects["direction"] = WHOLE.direction(NODE, [Assignment(course=COURSE, partner=PARTNER, release=1)])


def _outcome(objects: dict[str, bytes]) -> object:
    """Return all that a node would come to believe of `objects`."""
    repository = WHOLE.copy()
    repository.objects = objects
    trust = repository.read()
    target = trust.releases()[PARTNER, COURSE]
    opened = trust.open_release(target, objects[target.stored_as])
    return trust.floor, target, opened, trust.open_direction(objects["direction"], NODE), trust.signed_roles()


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(WHOLE.objects)), st.data())
def test_any_flipped_byte_is_refused_or_has_no_effect(key: str, data: st.DataObject) -> None:
    whole = WHOLE.objects[key]
    place = data.draw(st.integers(0, len(whole) - 1))
    flip = data.draw(st.integers(1, 255))
    damaged = whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :]
    try:
        found = _outcome({**WHOLE.objects, key: damaged})
    except AppError:
        return
    assert found == _outcome(dict(WHOLE.objects))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(WHOLE.objects)), st.data())
def test_anything_cut_short_is_refused_or_has_no_effect(key: str, data: st.DataObject) -> None:
    whole = WHOLE.objects[key]
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        found = _outcome({**WHOLE.objects, key: cut})
    except AppError:
        return
    assert found == _outcome(dict(WHOLE.objects))
