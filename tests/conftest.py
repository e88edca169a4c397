"""What every test may ask for."""

import workers  # noqa: F401 - first, for it says how numpy is to be loaded

pytest_plugins = ["tests.servers", "tests.media", "tests.centre", "tests.live_centre"]
