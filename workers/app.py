"""The worker program: Celery's pool, with the relay, the sweeper and the metrics beside it."""

import logging
import signal
import warnings
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import structlog
from celery import Celery, signals
from celery.exceptions import SecurityWarning

from catalog.jobs.celery_doorbell import QUEUES, RING, celery_app
from catalog.lifeline import die_with_parent
from catalog.telemetry import configure_logging
from workers.metrics import WorkerMetrics, serve_metrics
from workers.pipeline.confinement import try_out
from workers.pipeline.workspace import sweep
from workers.relay import Relay
from workers.resources import Resources, make_resources
from workers.settings import WorkerSettings
from workers.sweeper import Sweeper
from workers.tasks import run_task

log = structlog.get_logger(__name__)


def alive_file(settings: WorkerSettings) -> Path:
    """Return the file that the relay of the worker in this folder touches."""
    return settings.worker_folder / "worker.alive"


class WorkerProgram:
    """One worker: `run` returns when it has been stopped and its running tasks have ended."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._child: Resources | None = None
        self._relay: Relay | None = None
        self._sweeper: Sweeper | None = None
        self._server: ThreadingHTTPServer | None = None
        self.app = self._make_app()

    def _make_app(self) -> Celery:
        app = celery_app(self._settings.broker_url.get_secret_value(), "songtan.worker")
        app.conf.update(
            task_acks_late=True,
            task_reject_on_worker_lost=True,
            worker_prefetch_multiplier=1,
            worker_cancel_long_running_tasks_on_connection_loss=False,
            # keeps a connection open that hears when the broker goes away: with every process busy none else is,
            # the failed acknowledgement holds the only place, and the worker would never fetch again
            worker_enable_remote_control=True,
            worker_hijack_root_logger=False,
            worker_send_task_events=False,
            broker_connection_max_retries=None,
        )
        app.task(name=RING)(self._ring)
        return app

    def _ring(self, task_id: str) -> str:
        if self._child is None:
            self._child = make_resources(self._settings)
        return run_task(self._child, task_id)

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; then end the running tasks and return."""
        settings = self._settings
        settings.worker_folder.mkdir(parents=True, exist_ok=True)
        sweep(settings.worker_folder)
        connected = (
            (signals.setup_logging, self._set_up_logging),
            (signals.worker_process_init, self._start_child),
            (signals.worker_ready, self._start_beside),
            (signals.worker_shutting_down, self._stop_beside),
        )
        for when, then in connected:
            when.connect(then)
        # it warns of root because of pickled messages; ours are JSON
        warnings.filterwarnings("ignore", category=SecurityWarning)
        words = ["--quiet", "worker", "--pool=prefork", f"--concurrency={settings.worker_concurrency}"]
        words.append(f"--queues={','.join(QUEUES)}")
        self.app.worker_main([*words, "--without-gossip", "--without-mingle", "--without-heartbeat"])

    def _set_up_logging(self, **_: Any) -> None:
        configure_logging("worker", self._settings)
        for name in ("celery.app.trace", "celery.worker.strategy"):  # a line for each ring; ours say more
            logging.getLogger(name).setLevel(logging.WARNING)

    def _start_child(self, **_: Any) -> None:
        die_with_parent(signal.SIGKILL)

    def _start_beside(self, **_: Any) -> None:
        resources = make_resources(self._settings)
        metrics, alive = WorkerMetrics(), alive_file(self._settings)
        self._relay = Relay(resources.engine, resources.doorbell, metrics, alive)
        self._relay.start()
        self._sweeper = Sweeper(resources.engine, resources.store, self._settings.worker_folder)
        self._sweeper.start()
        if self._settings.worker_metrics_port:
            host, port = self._settings.worker_metrics_host, self._settings.worker_metrics_port
            self._server = serve_metrics(metrics, alive, host, port)
        self._say_confinement()
        log.info("worker.became-ready", concurrency=self._settings.worker_concurrency)

    def _say_confinement(self) -> None:
        found = try_out()
        log.info("worker.confined", landlock=found.landlock, seccomp=found.seccomp, user=found.user)
        if found.missing:
            log.warning("worker.confinement-lacks", what=", ".join(found.missing))

    def _stop_beside(self, **_: Any) -> None:
        if self._relay is not None:
            self._relay.stop()
        if self._sweeper is not None:
            self._sweeper.stop()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        log.info("worker.stopping")
