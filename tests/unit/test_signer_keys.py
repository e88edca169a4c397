"""Keys: private on the disk, sealed, and slow to guess."""

import json
from pathlib import Path

import pytest

from signer.errors import AlreadyThere, BadPassphrase, BrokenFile, KeysOpen, TooManyTries, UnknownSigner, WeakPassphrase
from signer.keys import FREE_TRIES, SCRYPT_LOG2_N, Duty, KeyFolder, Tries
from tests.fakes.repository import PARTNER
from tests.signing import Clock

SECRET = "a good passphrase 口令"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(tmp_path: Path, clock: Clock) -> KeyFolder:
    return KeyFolder(tmp_path / "keys", log2_n=10, tries=Tries(clock.monotonic))


def test_a_key_opens_with_its_passphrase_alone(keys: KeyFolder) -> None:
    made = keys.make_partner(PARTNER, "王老师", Duty.PUBLISHER, SECRET)
    opened = keys.open_partner(PARTNER, " 王老师 ", SECRET)
    assert opened.public_key == made.public_key
    opened.public_key.verify_signature(opened.sign(b"data"), b"data")
    with pytest.raises(BadPassphrase, match="王老师"):
        keys.open_partner(PARTNER, "王老师", SECRET + " ")
    with pytest.raises(UnknownSigner, match="张三"):
        keys.open_partner(PARTNER, "张三", SECRET)


def test_no_key_lies_open_on_the_disk(keys: KeyFolder) -> None:
    made = keys.make_partner(PARTNER, "王老师", Duty.PUBLISHER, SECRET)
    keys.make_ops("root", SECRET)
    keys.make_online()
    for path in keys.folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
        if path.is_file() and path.parent.name != "online":
            assert b"PRIVATE KEY" not in path.read_bytes()
            assert made.private_bytes.split(b"\n")[1] not in path.read_bytes()


def test_the_cost_of_a_guess_is_that_of_scrypt_today(tmp_path: Path) -> None:
    """OWASP's least for scrypt in 2026 with 32 MiB: N = 2^15, r = 8 (p = 3 there; a signer opens one key at a time)."""
    assert SCRYPT_LOG2_N >= 15
    keys = KeyFolder(tmp_path)
    keys.make_ops("targets", SECRET)
    assert json.loads((tmp_path / "targets.key").read_text())["log2_n"] == SCRYPT_LOG2_N
    assert keys.open_ops("targets", SECRET)


def test_guessing_becomes_slow_and_a_right_one_forgives(keys: KeyFolder, clock: Clock) -> None:
    keys.make_partner(PARTNER, "王老师", Duty.PUBLISHER, SECRET)
    for _ in range(FREE_TRIES):
        with pytest.raises(BadPassphrase):
            keys.open_partner(PARTNER, "王老师", "wrong one")
    waits = []
    for _ in range(15):
        with pytest.raises(TooManyTries) as caught:
            keys.open_partner(PARTNER, "王老师", SECRET)  # even the right one waits
        waits.append(int(str(caught.value.data["seconds"])))
        clock.go(seconds=waits[-1])
        with pytest.raises(BadPassphrase):
            keys.open_partner(PARTNER, "王老师", "wrong one")
    assert waits == sorted(waits)
    assert waits[:4] == [2, 3, 5, 9]
    assert max(waits) == 3601
    clock.go(hours=2)
    assert keys.open_partner(PARTNER, "王老师", SECRET)
    with pytest.raises(BadPassphrase):
        keys.open_partner(PARTNER, "王老师", "wrong one")
    assert keys.open_partner(PARTNER, "王老师", SECRET)


def test_one_persons_guesses_do_not_lock_another_out(keys: KeyFolder) -> None:
    keys.make_partner(PARTNER, "王老师", Duty.PUBLISHER, SECRET)
    keys.make_partner(PARTNER, "李主任", Duty.REVIEWER, SECRET)
    for _ in range(FREE_TRIES):
        with pytest.raises(BadPassphrase):
            keys.open_partner(PARTNER, "王老师", "wrong one")
    assert keys.open_partner(PARTNER, "李主任", SECRET)
    assert [card.name for card in keys.signers(PARTNER)] == ["王老师", "李主任"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(keys: KeyFolder, mode: int) -> None:
    keys.make_ops("targets", SECRET)
    path = keys.folder / "targets.key"
    path.chmod(mode)
    with pytest.raises(KeysOpen, match="chmod 600"):
        keys.open_ops("targets", SECRET)


def test_a_folder_or_online_key_that_others_can_read_is_refused(keys: KeyFolder) -> None:
    made = keys.make_online()
    ids = [key.public_key.keyid for key in (made.snapshot, made.timestamp, made.directions)]
    assert keys.online(*ids).timestamp.public_key == made.timestamp.public_key
    path = keys.folder / "online" / f"{ids[1][:24]}.key"
    path.chmod(0o644)
    with pytest.raises(KeysOpen):
        keys.online(*ids)
    path.chmod(0o600)
    keys.folder.chmod(0o750)
    with pytest.raises(KeysOpen, match="chmod 700"):
        keys.online(*ids)


def test_a_damaged_key_says_so(keys: KeyFolder) -> None:
    keys.make_ops("targets", SECRET)
    path = keys.folder / "targets.key"
    whole = path.read_bytes()
    path.write_bytes(whole[:40])
    with pytest.raises(BrokenFile, match=r"targets\.key"):
        keys.open_ops("targets", SECRET)
    other = json.loads(whole) | {"keyid": "0" * 64}
    path.write_text(json.dumps(other))
    with pytest.raises(BrokenFile, match="not the one that it names"):
        keys.open_ops("targets", SECRET)


def test_nothing_is_overwritten_and_nothing_weak_is_made(keys: KeyFolder) -> None:
    keys.make_ops("root", SECRET)
    keys.make_partner(PARTNER, "王老师", Duty.PUBLISHER, SECRET)
    with pytest.raises(AlreadyThere):
        keys.make_ops("root", SECRET)
    with pytest.raises(AlreadyThere):
        keys.make_partner(PARTNER, "王老师", Duty.REVIEWER, SECRET)
    with pytest.raises(WeakPassphrase, match="8 characters"):
        keys.make_ops("targets", "1234567")
    assert not (keys.folder / "targets.key").exists()
