"""The workers' settings, read once by `python -m workers` and passed down."""

import os
import tempfile
from pathlib import Path

from pydantic import Field

from catalog.settings import BrokerSettings, DatabaseSettings, StorageSettings
from workers.pipeline.probe import MOST_PIXELS, SourceLimits
from workers.pipeline.process import Limits


class WorkerSettings(DatabaseSettings, StorageSettings, BrokerSettings):
    """What a worker needs to know."""

    worker_concurrency: int = Field(
        default_factory=lambda: os.cpu_count() or 1, ge=1, le=256, description="tasks at once; one processor each"
    )
    worker_folder: Path = Field(
        default_factory=lambda: Path(tempfile.gettempdir()) / "songtan-work",
        description="where tasks keep files while they run: room for the largest source twice",
    )
    worker_memory_mb: int = Field(default=4096, ge=512, description="address space that one ffmpeg may take")
    worker_lease_seconds: float = Field(
        default=12.0, ge=3, description="a task whose worker is not heard of for so long is given to another"
    )
    worker_heartbeat_seconds: float = Field(
        default=1.0, gt=0, description="how often a worker says that it is at work, and hears of a cancel"
    )
    worker_metrics_port: int = Field(
        default=0, ge=0, le=65_535, description="serves /metrics and /healthz on this port; 0 for none"
    )
    worker_metrics_host: str = Field(default="127.0.0.1", description="the address to serve them on")
    source_max_seconds: float = Field(default=6 * 3600, gt=0, description="how long a source may last")
    source_max_pixels: int = Field(
        default=MOST_PIXELS, gt=0, le=MOST_PIXELS, description="pixels that a source's pictures may have"
    )

    @property
    def source_limits(self) -> SourceLimits:
        """What a source may be."""
        return SourceLimits(max_seconds=self.source_max_seconds, max_pixels=self.source_max_pixels)

    @property
    def tool_limits(self) -> Limits:
        """What ffmpeg may take, whatever it does; each command adds its own time."""
        return Limits(seconds=600, cpu_seconds=1200, memory_bytes=self.worker_memory_mb << 20)
