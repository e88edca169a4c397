"""What a node is told by its surroundings; everything else comes from the centre by its direction."""

import os
from datetime import tzinfo
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from catalog.look.filters import CHINA_TIME


def zone_named(name: str) -> tzinfo:
    """Return a time zone. Raises ZoneInfoNotFoundError or ValueError. China's needs no tz database on the box."""
    return CHINA_TIME if name == "Asia/Shanghai" else ZoneInfo(name)


class EdgeSettings(BaseSettings):
    """Settings of a node, read from variables that begin with SONGTAN_EDGE_. There is no secret among them."""

    model_config = SettingsConfigDict(env_prefix="SONGTAN_EDGE_", extra="ignore")

    state: Path = Field(default=Path("songtan-edge"), description="folder that holds everything the node keeps")
    listen: str = Field(default="0.0.0.0:8090", description="host:port of the classroom's pages")
    poll_seconds: float = Field(default=300, gt=0, description="pause between two looks at the centre, give or take")
    report_seconds: float = Field(default=900, gt=0, description="longest pause between two reports, in seconds")
    in_flight: int = Field(default=24, ge=1, le=32, description="connections at most; as many as the line rewards")
    proxy: str = Field(
        default="",
        description="http://host:port of the network's proxy; empty: what HTTP_PROXY and HTTPS_PROXY say;"
        " none: no proxy",
    )
    run_bytes: int = Field(default=1 << 20, ge=1, description="about how much one range asks for, in bytes")
    connect_seconds: float = Field(default=10, gt=0, description="time-out of a connection, in seconds")
    read_seconds: float = Field(default=20, gt=0, description="longest silence of a source, in seconds")
    attempts: int = Field(default=5, ge=1, description="tries of a range that brings nothing before it waits its turn")
    retry_seconds: float = Field(default=1, gt=0, description="first pause after a failure; doubles, with jitter")
    retry_longest_seconds: float = Field(default=60, gt=0, description="longest pause after failures, in seconds")
    peers: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="addresses of nodes on the LAN, with blanks between, where multicast does not find them"
    )
    caches: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="addresses of a county's node (ending in /peer) or of HTTP caches, asked before the store",
    )
    discovery: bool = Field(default=True, description="find other nodes on the LAN by multicast DNS, and be found")
    interfaces: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="this box's own addresses to be found at, with blanks between; unset: all"
    )
    peer_bits_per_s: float = Field(
        default=80e6,
        gt=0,
        description="most that all peers together get, in bits a second; a tenth while a class watches",
    )
    drives: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(), description="folders to look for bundles in, with : between, besides mounted drives"
    )
    time_zone: str = Field(default="Asia/Shanghai", description="the school's time zone, as the tz database names it")
    scrub_days: float = Field(
        default=10, ge=0, description="days of being on in which all that is held is read and compared once; 0: never"
    )
    log_level: str = Field(default="info", description="debug, info, warning or error")
    log_json: bool = Field(default=True, description="log as JSON lines; otherwise for people")

    @field_validator("listen")
    @classmethod
    def _has_a_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            raise ValueError("write host:port, for example 0.0.0.0:8090")
        return value

    @field_validator("peers", "caches", "interfaces", mode="before")
    @classmethod
    def _words(cls, value: object) -> object:
        return value.replace(",", " ").split() if isinstance(value, str) else value

    @field_validator("drives", mode="before")
    @classmethod
    def _folders(cls, value: object) -> object:
        return [part for part in value.split(os.pathsep) if part] if isinstance(value, str) else value

    @field_validator("peers", "caches")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        found = tuple((one if "://" in one else f"http://{one}").rstrip("/") for one in value)
        if not all(urlsplit(one).hostname and urlsplit(one).scheme in ("http", "https") for one in found):
            raise ValueError("write addresses with blanks between, for example http://192.168.1.7:8090")
        return found

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        try:
            zone_named(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("write the name of a time zone, for example Asia/Shanghai or Asia/Urumqi") from error
        return value

    @property
    def zone(self) -> tzinfo:
        """The school's time zone."""
        return zone_named(self.time_zone)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)
