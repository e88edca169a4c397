"""What an announcement is believed: an address on a network of this box, and nothing else."""

from ipaddress import IPv4Interface

import pytest

from edge_cache.discovery import near_address

NETWORKS = [IPv4Interface("192.168.1.7/24"), IPv4Interface("10.8.0.2/16")]


@pytest.mark.parametrize(
    ("addresses", "port", "found"),
    [
        (["192.168.1.20"], 8090, "http://192.168.1.20:8090"),
        (["203.0.113.5", "10.8.9.9"], 80, "http://10.8.9.9:80"),
        (["203.0.113.5"], 8090, None),
        (["fe80::1"], 8090, None),
        (["192.168.1.20"], 0, None),
        (["192.168.1.20"], None, None),
        ([], 8090, None),
    ],
)
def test_only_addresses_on_the_boxs_own_networks_count(
    addresses: list[str], port: int | None, found: str | None
) -> None:
    assert near_address(addresses, port, NETWORKS) == found
