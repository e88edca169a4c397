"""What every test may ask for."""

# Before every plugin: numpy reads the number of its threads when it is loaded, and `workers` sets it when it is.
import workers

pytest_plugins = ["tests.servers", "tests.media", "tests.centre", "tests.live_centre"]


def pytest_report_header() -> str:
    """Say with how many threads numpy works: one a worker, as in production."""
    return f"numpy's threads: {workers.THREADS}"
