"""Settings of the signer: where its keys are, how it is reached, and who may ask it."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from catalog.settings import ProgramSettings, StorageSettings


class KeySettings(ProgramSettings):
    """What the commands that only touch the signer's folder need."""

    signer_keys: Path = Field(description="the signer's folder: keys and the signed repository; back it up")


class SignerSettings(KeySettings, StorageSettings):
    """What `signer serve` needs."""

    signer_token: SecretStr = Field(description="the token by which the API's requests are known; the same on both")
    signer_url: str = Field(description="the signer as a publisher's browser reaches it, https://sign.example.org")
    signer_host: str = Field(default="127.0.0.1", description="address that the signer listens on")
    signer_port: int = Field(default=8001, ge=0, le=65535, description="port that the signer listens on")

    @field_validator("signer_url")
    @classmethod
    def _is_an_origin(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError("is not an address such as https://sign.example.org, without a path")
        return f"{parts.scheme}://{parts.netloc}".lower()
