"""The signer as its own process, with the real object store: from `init` to a release that a node reads by GET."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from catalog.formats.trust import Floor, Trust
from catalog.settings import StorageSettings, load
from catalog.storage.base import Bucket
from catalog.storage.s3 import S3ObjectStore
from songtan.stack.ports import free_ports
from tests.fakes.repository import COURSE, NODE, PARTNER
from tests.servers import StoreAddress
from tests.signing import OPS, PASSPHRASES, PUBLISHER, REVIEWER, course, fill

TOKEN = "a-service-token-5d2c81"
SERVICE = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class SignerProcess:
    """The commands of the signer, with the environment that they run in."""

    log: Path
    env: dict[str, str]
    url: str
    store_url: str

    def run(self, *words: str, passphrases: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        options = ["--passphrase-file", "-"] if passphrases else []
        return subprocess.run(
            [sys.executable, "-m", "signer", *words, *options],
            env=self.env,
            input="\n".join(passphrases),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def serve(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            process = subprocess.Popen([sys.executable, "-m", "signer", "serve"], env=self.env, stderr=log)
        with httpx2.Client() as client:
            while process.poll() is None:
                try:
                    if client.get(f"{self.url}/readyz").status_code == 200:
                        return process
                except httpx2.TransportError:
                    continue
        raise AssertionError(self.log.read_text())

    def get(self, key: str) -> bytes | None:
        answer = httpx2.get(f"{self.store_url}/{key}")
        return answer.content if answer.status_code == 200 else None


@pytest.fixture
def signer(store_address: StoreAddress, tmp_path: Path) -> SignerProcess:
    port = free_ports(1)[0]
    env = {
        **os.environ,
        **store_address.env,
        "SONGTAN_SIGNER_KEYS": str(tmp_path / "keys"),
        "SONGTAN_SIGNER_TOKEN": TOKEN,
        "SONGTAN_SIGNER_URL": f"http://127.0.0.1:{port}",
        "SONGTAN_SIGNER_PORT": str(port),
    }
    return SignerProcess(
        tmp_path / "log", env, f"http://127.0.0.1:{port}", f"{store_address.endpoint}/{store_address.bucket_public}"
    )


@pytest.fixture
def store(store_address: StoreAddress) -> S3ObjectStore:
    names = {name.removeprefix("SONGTAN_").lower(): value for name, value in store_address.env.items()}
    made = S3ObjectStore(load(StorageSettings, **names))
    made.ensure_buckets()
    fill(made)
    return made


def test_a_signer_without_keys_ends_with_the_reason(signer: SignerProcess) -> None:
    ended = signer.run("serve")
    assert ended.returncode == 3
    assert "songtan signer init" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_passphrases_are_never_arguments_and_missing_ones_are_named(signer: SignerProcess) -> None:
    assert "--passphrase " not in signer.run("init", "--help").stdout
    ended = signer.run("init", passphrases=("",))
    assert ended.returncode == 1
    assert "missing" in ended.stderr
    ended = signer.run("init", passphrases=("short",))
    assert "8 characters" in ended.stderr
    assert signer.run("status").returncode == 3


def test_from_init_to_a_release_that_a_node_reads(signer: SignerProcess, store: S3ObjectStore) -> None:
    assert signer.run("init", passphrases=(OPS,)).returncode == 0
    added = signer.run(
        "add-partner",
        PARTNER,
        "--publisher",
        PUBLISHER,
        "--reviewer",
        REVIEWER,
        passphrases=(OPS, *PASSPHRASES.values()),
    )
    assert added.returncode == 0, added.stderr
    process = signer.serve()
    try:
        answer = httpx2.post(f"{signer.url}/drafts", content=course().encoded(), headers=SERVICE)
        assert answer.status_code == 201, answer.text
        draft = answer.json()
        for name, passphrase in PASSPHRASES.items():
            answer = httpx2.post(draft["sign_url"], json={"signer": name, "passphrase": passphrase})
            assert answer.status_code == 200, answer.text
        assert answer.json()["state"] == "published"

        root = httpx2.get(f"{signer.url}/root", headers=SERVICE).content
        trust = _read(signer, Trust(root, Floor()))
        target = trust.releases()[PARTNER, COURSE]
        data = signer.get(target.stored_as)
        assert data is not None
        assert trust.open_release(target, data) == course()

        asked = {"node": NODE, "store_url": signer.store_url, "assignments": [], "policy": {}}
        envelope = httpx2.post(f"{signer.url}/directions", json=asked, headers=SERVICE).content
        assert trust.open_direction(envelope, NODE).version == 1

        # A kill without warning loses nothing; what the store lost meanwhile comes back with the start.
        process.send_signal(signal.SIGKILL)
        process.wait()
        store.delete(Bucket.PUBLIC, "metadata/timestamp.json")
        store.delete(Bucket.PUBLIC, target.stored_as)
        process = signer.serve()
        assert httpx2.get(f"{signer.url}/drafts/{draft['draft_id']}", headers=SERVICE).json()["state"] == "published"
        refreshed = signer.run("refresh")
        assert refreshed.returncode == 0, refreshed.stderr
        trust = _read(signer, trust)
        assert signer.get(trust.releases()[PARTNER, COURSE].stored_as) == data
    finally:
        process.terminate()
        process.wait(timeout=20)
    assert "release.signed" in signer.log.read_text()
    assert not [p for p in (OPS, *PASSPHRASES.values()) if p in signer.log.read_text()]
    status = json.loads(signer.run("status", "--json").stdout)
    assert [line["needed"] for line in status if line["releases"] == 1] == [2]


def _read(signer: SignerProcess, trust: Trust) -> Trust:
    def need(key: str) -> bytes:
        data = signer.get(key)
        assert data is not None, key
        return data

    trust.take_timestamp(need("metadata/timestamp.json"))
    trust.take_snapshot(need(f"metadata/{trust.snapshot_version}.snapshot.json"))
    trust.take_targets(need(f"metadata/{trust.version_of('targets')}.targets.json"))
    for role, version in trust.partner_roles().items():
        trust.take_partner(role, need(f"metadata/{version}.{role}.json"))
    return trust
