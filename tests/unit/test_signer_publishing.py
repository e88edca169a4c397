"""From a draft to the store: what is signed, by whom, and that a crash anywhere leaves it whole."""

from pathlib import Path

import pytest

from catalog.formats.change import apply_change
from catalog.formats.errors import BadFormat
from catalog.formats.hashing import sha256_hex
from catalog.formats.trust import partner_role
from catalog.storage.base import Bucket, StoreAway
from signer.drafts import DraftState
from signer.errors import (
    AlreadySigned,
    BadPassphrase,
    DraftClosed,
    NoName,
    NotNewer,
    UnknownDraft,
    UnknownPartner,
    UnknownSigner,
)
from tests.factories import make_release
from tests.fakes.repository import COURSE, OTHER, PARTNER
from tests.signing import PASSPHRASES, PUBLISHER, REVIEWER, Desk, FailingDisk, PowerCut, course, read_store


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path).open()


def test_a_signed_release_is_what_a_node_finds(desk: Desk) -> None:
    draft = desk.publish(course())
    assert desk.service.draft(draft).state is DraftState.PUBLISHED
    found = read_store(desk.store)
    target = found.trust.releases()[PARTNER, COURSE]
    data = desk.store.get(Bucket.PUBLIC, target.stored_as, 1 << 20)
    assert found.trust.open_release(target, data) == course()


def test_only_the_newest_release_of_a_course_is_listed(desk: Desk) -> None:
    for number in (1, 2, 5):
        desk.publish(course(number))
    role = read_store(desk.store).partners[partner_role(PARTNER)].signed
    assert list(role.targets) == [course(5).target_path]
    assert role.version == 4
    with pytest.raises(NotNewer, match="5"):
        desk.service.propose(course(4).encoded())


def test_nothing_is_signed_without_the_right_name_and_passphrase(desk: Desk) -> None:
    draft = desk.service.propose(course().encoded())
    with pytest.raises(NoName):
        desk.service.sign(draft.id, " ", "x")
    with pytest.raises(UnknownSigner):
        desk.service.sign(draft.id, "somebody", "x")
    with pytest.raises(BadPassphrase):
        desk.service.sign(draft.id, PUBLISHER, "wrong passphrase")
    assert desk.service.draft(draft.id).state is DraftState.WAITING
    assert desk.service.repository.load().listed(PARTNER, COURSE) is None


def test_a_signer_of_one_partner_cannot_sign_for_another(desk: Desk) -> None:
    desk.add_partner(OTHER, "别人")
    draft = desk.service.propose(course().encoded())
    with pytest.raises(UnknownSigner):
        desk.service.sign(draft.id, "别人", "passphrase of 别人")


def test_two_people_sign_where_two_are_wanted(tmp_path: Path) -> None:
    desk = Desk(tmp_path).open(PUBLISHER, REVIEWER)
    draft = desk.service.propose(course().encoded())
    outcome = desk.service.sign(draft.id, PUBLISHER, PASSPHRASES[PUBLISHER])
    assert (outcome.missing, outcome.draft.state) == (1, DraftState.WAITING)
    with pytest.raises(AlreadySigned, match="second person"):
        desk.service.sign(draft.id, PUBLISHER, PASSPHRASES[PUBLISHER])
    desk = desk.again()  # the first signature outlives a restart
    assert desk.service.sign(draft.id, REVIEWER, PASSPHRASES[REVIEWER]).draft.state is DraftState.PUBLISHED
    assert read_store(desk.store).listed(PARTNER, COURSE) is not None


def test_a_first_signature_is_asked_for_again_when_the_partner_has_moved_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path).open(PUBLISHER, REVIEWER)
    other_course = "01JDE00000000000000THERCRS"
    draft = desk.service.propose(course().encoded())
    desk.service.sign(draft.id, PUBLISHER, PASSPHRASES[PUBLISHER])
    desk.publish(course(1, course_id=other_course), PUBLISHER, REVIEWER)
    outcome = desk.service.sign(draft.id, REVIEWER, PASSPHRASES[REVIEWER])
    assert (outcome.missing, outcome.draft.signed_by) == (1, (REVIEWER,))
    assert desk.service.sign(draft.id, PUBLISHER, PASSPHRASES[PUBLISHER]).missing == 0
    assert set(read_store(desk.store).trust.releases()) == {(PARTNER, COURSE), (PARTNER, other_course)}


def test_a_draft_is_signed_once(desk: Desk) -> None:
    draft = desk.publish(course())
    with pytest.raises(DraftClosed, match="published"):
        desk.service.sign(draft, PUBLISHER, PASSPHRASES[PUBLISHER])
    with pytest.raises(UnknownDraft):
        desk.service.draft("../../root")


def test_a_draft_that_was_overtaken_is_refused_with_the_reason(desk: Desk) -> None:
    late = desk.service.propose(course(1).encoded())
    desk.publish(course(2))
    draft = desk.service.draft(late.id)
    assert (draft.state, draft.reason) == (DraftState.REFUSED, "signer.not-newer")


def test_the_same_draft_twice_is_one(desk: Desk) -> None:
    assert desk.service.propose(course().encoded()).id == desk.service.propose(course().encoded()).id


def test_what_is_no_release_or_nobodys_is_refused(desk: Desk) -> None:
    with pytest.raises(BadFormat, match="release"):
        desk.service.propose(b"{}")
    with pytest.raises(BadFormat, match="canonical"):
        desk.service.propose(course().encoded() + b"\n")
    with pytest.raises(UnknownPartner, match="add-partner"):
        desk.service.propose(make_release((), partner=OTHER).encoded())


# Crashes and outages


def test_the_store_may_be_away_at_any_step(tmp_path: Path) -> None:
    """Whatever the store has when it goes, a reader finds the old or the new, whole; then it catches up by itself."""
    steps = 0
    while True:
        desk = Desk(tmp_path / str(steps)).open()
        desk.publish(course(1))
        floor = read_store(desk.store).trust.floor
        desk.store.left = steps
        draft = desk.publish(course(2))
        found = read_store(desk.store)
        listed = found.listed(PARTNER, COURSE)
        assert listed is not None
        state = desk.service.draft(draft).state
        assert (listed.number, state) in ((1, DraftState.SIGNED), (2, DraftState.PUBLISHED))
        if listed.number == 2:
            break
        with pytest.raises(StoreAway):
            desk.service.tick()
        desk.store.left = None
        desk = desk.again()
        desk.service.tick()
        assert desk.service.draft(draft).state is DraftState.PUBLISHED
        newest = read_store(desk.store)
        assert newest.trust.releases()[PARTNER, COURSE].number == 2
        assert all(newest.trust.floor[role] >= version for role, version in floor.versions.items())
        steps += 1
    assert steps == 4  # release, role, snapshot, timestamp


def test_the_power_may_fail_at_any_write(tmp_path: Path) -> None:
    """After a restart the release is wholly in force or wholly not, the draft knows which, and publishing goes on."""
    outcomes = []
    for writes in range(20):
        desk = Desk(tmp_path / str(writes)).open()
        desk.publish(course(1))
        draft = desk.service.propose(course(2).encoded())
        desk.disk.left = writes
        try:
            desk.service.sign(draft.id, PUBLISHER, PASSPHRASES[PUBLISHER])
            crashed = False
        except PowerCut:
            crashed = True
        desk = desk.again()
        desk.service.tick()
        state = desk.service.draft(draft.id).state
        listed = read_store(desk.store).listed(PARTNER, COURSE)
        assert listed is not None
        assert (listed.number, state) in ((1, DraftState.WAITING), (2, DraftState.PUBLISHED))
        outcomes.append(listed.number)
        if state is DraftState.WAITING:
            desk.service.sign(draft.id, PUBLISHER, PASSPHRASES[PUBLISHER])
        desk.publish(course(3))
        assert read_store(desk.store).trust.releases()[PARTNER, COURSE].number == 3
        if not crashed:
            break
    assert outcomes == sorted(outcomes)
    assert {1, 2} == set(outcomes)


def test_what_the_store_lost_comes_back_at_the_next_start(desk: Desk) -> None:
    desk.publish(course())
    for bucket, key in list(desk.store.objects):
        if key.startswith(("metadata/", "releases/")):
            desk.store.delete(bucket, key)
    desk = desk.again()
    desk.service.tick()
    assert read_store(desk.store).listed(PARTNER, COURSE) is not None


def test_rubbish_in_the_place_of_the_timestamp_is_replaced(desk: Desk) -> None:
    desk.publish(course())
    desk.store.put(Bucket.PUBLIC, "metadata/timestamp.json", b"rubbish")
    desk = desk.again()
    desk.service.tick()
    assert read_store(desk.store).listed(PARTNER, COURSE) is not None


def test_the_power_may_fail_while_it_all_begins(tmp_path: Path) -> None:
    for writes in range(5):
        folder = tmp_path / str(writes)
        desk = Desk(folder, disk=FailingDisk(left=writes))
        with pytest.raises(PowerCut):
            desk.open()
        desk = Desk(folder).open()
        desk.publish(course())
        assert read_store(desk.store).listed(PARTNER, COURSE) is not None


def changes_to(desk: Desk, number: int) -> dict[str, bytes]:
    """The changes in the store that make this release."""
    wanted = f"changes/{sha256_hex(course(number).encoded())}/"
    return {key: data for (_, key), (data, _) in desk.store.objects.items() if key.startswith(wanted)}


def test_beside_a_release_stands_what_makes_it_of_the_one_before(desk: Desk) -> None:
    for number in (1, 2, 3):
        desk.publish(course(number))
    assert changes_to(desk, 1) == {}
    for number in (2, 3):
        older, newer = course(number - 1).encoded(), course(number).encoded()
        ((key, change),) = changes_to(desk, number).items()
        assert key.endswith(f"/{sha256_hex(older)}")
        assert apply_change(older, change) == newer


def test_a_change_follows_when_the_store_is_back(desk: Desk) -> None:
    desk.publish(course(1))
    desk.store.left = 0
    desk.publish(course(2))
    desk.store.left = None
    desk = desk.again()
    desk.service.tick()
    assert len(changes_to(desk, 2)) == 1
