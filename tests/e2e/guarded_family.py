"""A small front door for test_guard: a guarded stack whose child has a child of its own in another session.

Usage: python guarded_family.py FOLDER [fail]. Writes `pids` when all run; `stopped` when it was stopped in order.
"""

import os
import subprocess
import sys
from pathlib import Path

from catalog.formats.errors import AppError
from songtan.stack.guard import guarded
from songtan.stack.process import Child
from songtan.stack.supervisor import Program, Supervisor

FAMILY = """
import subprocess, sys, time, pathlib
far = subprocess.Popen(["sleep", "600"], start_new_session=True)
pathlib.Path(sys.argv[1]).write_text(str(far.pid))
time.sleep(600)
"""


def main(folder: Path, fail: bool) -> int:
    def work() -> int:
        note = folder / "far"
        command = [sys.executable, "-c", FAMILY, str(note)]
        child = Child("family", command, folder / "family.log")
        supervisor = Supervisor()
        try:
            supervisor.start(Program(child, ready=lambda: note.is_file() and note.read_text() != ""))
            pids = f"{os.getpid()} {child.pid} {note.read_text()}"
            (folder / "pids.partial").write_text(pids)
            (folder / "pids.partial").rename(folder / "pids")
            if fail:
                subprocess.run(["kill", "-9", str(child.pid)], check=True)
            supervisor.watch()
        except AppError as error:
            print(error, flush=True)
            return 1
        finally:
            supervisor.stop()
            (folder / "stopped").touch()
        return 0

    return guarded(work)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), "fail" in sys.argv))
