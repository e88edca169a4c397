"""What every test may ask for."""

# Before every plugin: numpy reads the number of its threads when it is loaded, and `workers` sets it when it is.
import workers  # noqa: F401 - for what it does, not for a name

pytest_plugins = ["tests.servers", "tests.media", "tests.centre", "tests.live_centre"]
