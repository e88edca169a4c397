"""What a worker's process holds while it runs: database, store, doorbell, tools."""

from dataclasses import dataclass

from sqlalchemy import Engine

from catalog.db import make_engine
from catalog.jobs.celery_doorbell import CeleryDoorbell
from catalog.jobs.doorbell import Doorbell
from catalog.storage.base import ObjectStore
from catalog.storage.s3 import S3ObjectStore
from workers.pipeline.tools import Tools, find_tools
from workers.settings import WorkerSettings


@dataclass(frozen=True, slots=True)
class Resources:
    """One for each process; threads may share it."""

    settings: WorkerSettings
    engine: Engine
    store: ObjectStore
    doorbell: Doorbell
    tools: Tools


def make_resources(settings: WorkerSettings) -> Resources:
    """Return resources that connect when they are first used."""
    return Resources(
        settings=settings,
        engine=make_engine(settings, pool_size=3),
        store=S3ObjectStore(settings),
        doorbell=CeleryDoorbell(settings.broker_url.get_secret_value()),
        tools=find_tools(),
    )
