"""`songtan worker …`, also `python -m workers …`."""

from typing import Annotated

import typer

from catalog.lifeline import follow_parent
from catalog.settings import load
from workers.app import WorkerProgram, alive_file
from workers.metrics import is_alive
from workers.pipeline.confinement import try_out
from workers.settings import WorkerSettings

app = typer.Typer(help="The workers: what turns uploads into packs.", no_args_is_help=True, add_completion=False)

EXIT_NOT_READY = 3


@app.command()
def run(
    concurrency: Annotated[
        int | None,
        typer.Option(min=1, max=256, help="Tasks at once; else SONGTAN_WORKER_CONCURRENCY, else one a core."),
    ] = None,
) -> None:
    """Work until SIGTERM or Ctrl-C; running tasks are ended first, and nothing is lost if they are not."""
    follow_parent()
    settings = load(WorkerSettings)
    if concurrency is not None:
        settings = settings.model_copy(update={"worker_concurrency": concurrency})
    WorkerProgram(settings).run()


@app.command()
def health() -> None:
    """Say whether the worker of this folder (SONGTAN_WORKER_FOLDER) is at work: exit code 0 if it is, 3 if not."""
    alive = is_alive(alive_file(load(WorkerSettings)))
    print("The worker is at work." if alive else "The worker has not been heard of for 30 seconds.")
    print(try_out().sentence)
    if not alive:
        raise typer.Exit(EXIT_NOT_READY)
