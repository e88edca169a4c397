"""Settings of the front door: where the embedded stack keeps its state, and where people reach it."""

from pathlib import Path

from pydantic import Field

from catalog.settings import ProgramSettings


class StackSettings(ProgramSettings):
    """What `songtan up` and the demo read from the environment; built once by the command."""

    state: Path = Field(
        default=Path("state"),
        description="folder that keeps the embedded servers' data, secrets and logs between starts",
    )
    up_host: str = Field(
        default="127.0.0.1",
        description="address on which `songtan up` and the demo serve pages; another one than 127.0.0.1 lets the LAN"
        " look, uploads still work on this machine only",
    )
    api_port: int | None = Field(default=None, ge=0, le=65535, description="port of the API; unset: 8000 or a free one")
    signer_port: int | None = Field(
        default=None, ge=0, le=65535, description="port of the signer; unset: 8001 or a free one"
    )
    edge_port: int | None = Field(
        default=None, ge=0, le=65535, description="port of the demo's node; unset: 8090 or a free one"
    )
