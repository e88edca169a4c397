"""The workers: Celery, the relay, and the pipeline from a source to packs."""

import os

THREADS = os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
"""A task has one processor. numpy's threads wait for each other by spinning: beside other tasks, matrices of a few
hundred numbers took a hundred times as long. Read when numpy is loaded, so it stands before anything of ours."""
