"""What every test may ask for."""

pytest_plugins = ["tests.servers", "tests.media", "tests.centre", "tests.live_centre"]
