"""Settings of the front door: where the embedded stack keeps its state, and where people reach it."""

from pathlib import Path

from pydantic import Field

from catalog.settings import ProgramSettings


class StackSettings(ProgramSettings):
    """What `songtan up` and the demo read from the environment; built once by the command."""

    state: Path = Field(
        default=Path("state"),
        description="Folder that keeps the embedded servers' data, secrets and logs between starts.",
    )
    up_host: str = Field(
        default="127.0.0.1",
        description="Address on which `songtan up` and the demo serve pages; 0.0.0.0 lets the LAN in.",
    )
    up_api_port: int = Field(default=8000, ge=0, le=65535, description="Port of the API; 0 takes a free one.")
    up_signer_port: int = Field(default=8001, ge=0, le=65535, description="Port of the signer; 0 takes a free one.")
    up_edge_port: int = Field(default=8090, ge=0, le=65535, description="Port of the demo's node; 0 takes a free one.")
