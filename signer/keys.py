"""The folder of keys: who holds which, how each is kept, and what opens it.

    root.key  targets.key                     sealed with ops' passphrase; root.key may live in a folder offline
    online/<keyid>.key                        0600, no passphrase: the program signs with them by itself
    partners/<PARTNER>/<keyid>.key            sealed with the passphrase of a publisher or reviewer

All keys are Ed25519. A sealed key is a Fernet token under a key made of the passphrase by scrypt (RFC 7914).
"""

import base64
import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from time import monotonic

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from securesystemslib.signer import CryptoSigner, SSlibKey

from catalog.formats.release import first_fault
from signer.durable import check_private, write_durably
from signer.errors import AlreadyThere, BadPassphrase, BrokenFile, NotThere, TooManyTries, UnknownSigner, WeakPassphrase

SHORTEST_PASSPHRASE = 8
SCRYPT_LOG2_N = 15
FREE_TRIES = 3
LONGEST_DELAY_S = 3600.0
OPS = "ops"


class Duty(StrEnum):
    """What the holder of a key does."""

    OPS = "ops"
    PUBLISHER = "publisher"
    REVIEWER = "reviewer"


class SealedKey(BaseModel):
    """A key file. Everything but `box` is public; `box` is the PKCS 8 private key, sealed."""

    model_config = ConfigDict(frozen=True)

    v: int = Field(default=1, ge=1, le=1)
    name: str
    duty: Duty
    keyid: str
    public: str
    log2_n: int = Field(ge=10, le=20)
    salt: str
    box: str


@dataclass(frozen=True)
class OnlineKeys:
    """The keys that the program uses by itself."""

    snapshot: CryptoSigner
    timestamp: CryptoSigner
    directions: CryptoSigner


class Tries:
    """Slows down whoever guesses: after `FREE_TRIES` wrong passphrases the wait doubles each time, to an hour."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._wrong: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def begin(self, key: str, name: str) -> None:
        """Count a try as wrong until `right` is called. Raises TooManyTries while the wait lasts."""
        with self._lock:
            wrong, last = self._wrong.get(key, (0, 0.0))
            excess = min(wrong - FREE_TRIES, 12)
            left = last + min(2.0**excess, LONGEST_DELAY_S) - self._clock() if excess >= 0 else 0.0
            if left > 0:
                raise TooManyTries(name=name, seconds=int(left) + 1)
            self._wrong[key] = (wrong + 1, self._clock())

    def right(self, key: str) -> None:
        """Forget the wrong tries: the passphrase was right."""
        with self._lock:
            self._wrong.pop(key, None)


class KeyFolder:
    """The keys in `folder`. `log2_n` is the cost of scrypt for keys that are made from now on."""

    def __init__(self, folder: Path, *, log2_n: int = SCRYPT_LOG2_N, tries: Tries | None = None) -> None:
        self.folder = folder
        self._log2_n = log2_n
        self._tries = tries or Tries()

    def make_online(self) -> OnlineKeys:
        """Make online keys and keep them; those that exist stay."""
        keys = OnlineKeys(*(CryptoSigner.generate_ed25519() for _ in range(3)))
        for key in (keys.snapshot, keys.timestamp, keys.directions):
            write_durably(self._online(key.public_key.keyid), key.private_bytes)
        return keys

    def online(self, snapshot: str, timestamp: str, directions: str) -> OnlineKeys:
        """Return the online keys with these keyids. Raises NotThere, KeysOpen or BrokenFile."""
        check_private(self.folder)
        return OnlineKeys(*(self._load_online(keyid) for keyid in (snapshot, timestamp, directions)))

    def _load_online(self, keyid: str) -> CryptoSigner:
        path = self._online(keyid)
        check_private(path)
        try:
            signer = CryptoSigner(_ed25519(load_pem_private_key(path.read_bytes(), None)))
        except FileNotFoundError:
            raise NotThere(folder=str(path)) from None
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise BrokenFile(path=str(path), why=type(error).__name__) from error
        if signer.public_key.keyid != keyid:
            raise BrokenFile(path=str(path), why="its key is not the one that it names")
        return signer

    def _online(self, keyid: str) -> Path:
        return self.folder / "online" / f"{keyid[:24]}.key"

    def forget_unused(self) -> None:
        """Remove the keys of a beginning that never came to a root."""
        for path in (self.folder / "root.key", self.folder / "targets.key", *(self.folder / "online").glob("*.key")):
            path.unlink(missing_ok=True)

    def make_ops(self, name: str, passphrase: str, folder: Path | None = None) -> CryptoSigner:
        """Make the key `name` ("root" or "targets"), sealed for ops, in `folder` or the usual one."""
        return self._make((folder or self.folder) / f"{name}.key", OPS, Duty.OPS, passphrase)

    def open_ops(self, name: str, passphrase: str, folder: Path | None = None) -> CryptoSigner:
        """Open the key `name` ("root" or "targets"). Raises BadPassphrase, TooManyTries, NotThere or BrokenFile."""
        path = (folder or self.folder) / f"{name}.key"
        check_private(path)
        if not path.exists():
            raise NotThere(folder=str(path.parent))
        return self._open(path, _read(path), passphrase)

    def make_partner(self, partner: str, name: str, duty: Duty, passphrase: str) -> CryptoSigner:
        """Make the key of a publisher or reviewer of `partner`. Raises AlreadyThere where the name is taken."""
        if any(card.name == name for card in self.signers(partner)):
            raise AlreadyThere(what=name)
        check_strength(name, passphrase)
        signer = CryptoSigner.generate_ed25519()
        keyid = signer.public_key.keyid
        self._seal(self._partner(partner) / f"{keyid[:24]}.key", signer, name, duty, passphrase)
        return signer

    def signers(self, partner: str) -> list[SealedKey]:
        """Return who holds keys of `partner`, publishers first. Raises KeysOpen or BrokenFile."""
        cards = []
        for path in sorted(self._partner(partner).glob("*.key")):
            check_private(path)
            cards.append(_read(path))
        return sorted(cards, key=lambda card: (card.duty is Duty.REVIEWER, card.name))

    def open_partner(self, partner: str, name: str, passphrase: str) -> CryptoSigner:
        """Open the key of `name`. Raises UnknownSigner, BadPassphrase, TooManyTries, KeysOpen or BrokenFile."""
        for card in self.signers(partner):
            if card.name == name.strip():
                return self._open(self._partner(partner) / f"{card.keyid[:24]}.key", card, passphrase)
        raise UnknownSigner(name=name.strip()[:100])

    def forget_partner(self, partner: str) -> None:
        """Remove keys that were made for a partner whose role could then not be signed."""
        for path in self._partner(partner).glob("*.key"):
            path.unlink()

    def _partner(self, partner: str) -> Path:
        return self.folder / "partners" / partner

    def _make(self, path: Path, name: str, duty: Duty, passphrase: str) -> CryptoSigner:
        check_strength(name, passphrase)
        signer = CryptoSigner.generate_ed25519()
        self._seal(path, signer, name, duty, passphrase)
        return signer

    def _seal(self, path: Path, signer: CryptoSigner, name: str, duty: Duty, passphrase: str) -> None:
        if path.exists():
            raise AlreadyThere(what=str(path))
        salt = secrets.token_bytes(16)
        box = Fernet(_stretch(passphrase, salt, self._log2_n)).encrypt(signer.private_bytes)
        card = SealedKey(
            name=name,
            duty=duty,
            keyid=signer.public_key.keyid,
            public=signer.public_key.keyval["public"],
            log2_n=self._log2_n,
            salt=salt.hex(),
            box=box.decode(),
        )
        write_durably(path, json.dumps(card.model_dump(mode="json"), ensure_ascii=False, indent=1).encode())

    def _open(self, path: Path, card: SealedKey, passphrase: str) -> CryptoSigner:
        self._tries.begin(card.keyid, card.name)
        try:
            key = _stretch(passphrase, bytes.fromhex(card.salt), card.log2_n)
            pem = Fernet(key).decrypt(card.box)
            signer = CryptoSigner(_ed25519(load_pem_private_key(pem, None)))
        except InvalidToken:
            raise BadPassphrase(name=card.name) from None
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise BrokenFile(path=str(path), why=type(error).__name__) from None
        if signer.public_key.keyid != card.keyid:
            raise BrokenFile(path=str(path), why="its key is not the one that it names")
        self._tries.right(card.keyid)
        return signer


def check_strength(name: str, passphrase: str) -> None:
    """Raise WeakPassphrase unless `passphrase` has `SHORTEST_PASSPHRASE` characters."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise WeakPassphrase(name=name, least=SHORTEST_PASSPHRASE)


def public_key(card: SealedKey) -> SSlibKey:
    """Return the public half of a key file, as the signed repository names it."""
    return SSlibKey(card.keyid, "ed25519", "ed25519", {"public": card.public})


def _stretch(passphrase: str, salt: bytes, log2_n: int) -> bytes:
    return base64.urlsafe_b64encode(Scrypt(salt=salt, length=32, n=1 << log2_n, r=8, p=1).derive(passphrase.encode()))


def _ed25519(key: object) -> Ed25519PrivateKey:
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError("not an Ed25519 key")
    return key


def _read(path: Path) -> SealedKey:
    try:
        return SealedKey.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise BrokenFile(path=str(path), why=first_fault(error)) from None
    except OSError as error:
        raise BrokenFile(path=str(path), why=error.strerror or "unreadable") from error
