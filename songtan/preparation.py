"""What must be there before the programs start: the tables at their newest revision, and both buckets."""

from catalog.migrations import migrate
from catalog.settings import DatabaseSettings, StorageSettings, load
from catalog.storage.s3 import S3ObjectStore


class PlaceSettings(DatabaseSettings, StorageSettings):
    """Where the database and the object store are."""


def prepare(settings: PlaceSettings) -> None:
    """Bring tables and buckets about; what is there is left alone. Raises `DatabaseAway` or the store's errors."""
    migrate(settings.database_url.get_secret_value())
    S3ObjectStore(settings).ensure_buckets()


def run() -> None:
    """`prepare` for what the environment says. Raises `BadSettings` too."""
    prepare(load(PlaceSettings))
