"""What the API reads from its environment."""

from pydantic import Field, SecretStr, field_validator

from catalog.courses.attachments.service import Limits
from catalog.formats.attachments import MAX_ATTACHMENT_BYTES, MAX_ATTACHMENTS
from catalog.settings import BrokerSettings, DatabaseSettings, StorageSettings


class ApiSettings(DatabaseSettings, StorageSettings, BrokerSettings):
    """Settings of the central HTTP service."""

    signer_url: str = Field(description="the signer's public address, where publishers sign")
    signer_inside_url: str = Field(default="", description="the signer as this program reaches it, if that differs")
    signer_token: SecretStr = Field(description="the service token that the signer knows this program by")
    api_host: str = Field(default="127.0.0.1", description="address to listen on")
    api_port: int = Field(default=8000, ge=0, le=65535, description="port to listen on")
    trusted_proxies: str = Field(
        default="127.0.0.1", description="addresses of proxies whose X-Forwarded-For and -Proto are believed"
    )
    watch_seconds: float = Field(
        default=2.0, ge=0.1, le=300, description="seconds between looks for signed releases and owed directions"
    )
    attachment_max_bytes: int = Field(
        default=20_000_000, ge=1, le=MAX_ATTACHMENT_BYTES, description="most that one attachment of a lesson may have"
    )
    attachments_per_lesson: int = Field(
        default=20, ge=0, le=MAX_ATTACHMENTS, description="attachments that one lesson may have"
    )

    @field_validator("signer_url", "signer_inside_url")
    @classmethod
    def _no_slash(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @property
    def attachment_limits(self) -> Limits:
        """What partners may attach to a lesson."""
        return Limits(bytes=self.attachment_max_bytes, count=self.attachments_per_lesson)

    @property
    def signer_address(self) -> str:
        """Where this program reaches the signer."""
        return self.signer_inside_url or self.signer_url
