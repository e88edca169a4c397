"""Who this node is, from its enrolment: node.json, readable by the node's own user only (it holds the token)."""

from pathlib import Path

from pydantic import BaseModel, SecretStr, ValidationError, field_serializer

from catalog.durable import replace_durably
from edge_cache.errors import NodeStateUnreadable


class Identity(BaseModel):
    """What an enrolled node keeps; `centre` and `store_url` are addresses without a slash at the end."""

    node: str
    name: str
    site_name: str
    centre: str
    store_url: str
    token: SecretStr

    @field_serializer("token", when_used="json")
    def _in_the_file(self, token: SecretStr) -> str:
        return token.get_secret_value()


def read_identity(state: Path) -> Identity | None:
    """Return who the node is, or None before enrolment. Raises NodeStateUnreadable."""
    path = state / "node.json"
    try:
        return Identity.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise NodeStateUnreadable(folder=str(state), why=f"node.json: {type(error).__name__}") from error


def write_identity(state: Path, identity: Identity) -> None:
    """Keep who the node is: from here on it is enrolled."""
    replace_durably(state / "node.json", identity.model_dump_json().encode(), mode=0o600)
