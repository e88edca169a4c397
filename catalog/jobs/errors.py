"""What can go wrong with a job, beyond its source."""

from catalog.formats.errors import N_, AppError


class JobUnknown(AppError):
    """No job has this id, or its lesson belongs to somebody else."""

    code = "job.unknown"
    status = 404
    message = N_("There is no job %(job)s. Open the lesson's page to see its jobs.")


class NothingMade(AppError):
    """No job of the lesson has made anything that a release can hold."""

    code = "job.nothing-made"
    status = 404
    message = N_(
        "Nothing is made of lesson %(lesson)s yet. Upload its video, or wait until its job has made the floors."
    )


class SourceNotUploaded(AppError):
    """The source is not whole in the store yet."""

    code = "job.source-not-uploaded"
    status = 409
    message = N_("The upload %(source)s is not complete. Finish it, or start it again, and then begin the job.")


class JobNotRetriable(AppError):
    """Only a failed or cancelled job can be retried."""

    code = "job.not-retriable"
    status = 409
    message = N_("This job is %(state)s: only a job that failed or was cancelled can be tried again.")


class JobNotCancellable(AppError):
    """A job that has ended cannot be cancelled."""

    code = "job.not-cancellable"
    status = 409
    message = N_("This job is already %(state)s and cannot be cancelled.")


class JobGaveUp(AppError):
    """A task's worker ended again and again without a word: killed, out of memory, or the machine went down."""

    code = "job.gave-up"
    status = 500
    message = N_(
        "The worker stopped %(attempts)s times during this step (%(kind)s %(number)s) without saying why. "
        "Ask the centre's staff to look at the workers' memory and logs, then try again."
    )


class JobBroke(AppError):
    """A fault of ours in a worker; the log has the traceback under the task's id."""

    code = "job.broke"
    status = 500
    message = N_(
        "The worker met a fault of its own in this step (%(kind)s %(number)s: %(why)s). "
        "Try again; if it stays, give the centre's staff the number of task %(task)s."
    )
