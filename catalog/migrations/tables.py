"""Every table of the centre: importing this module declares them all on `metadata`."""

from catalog.accounts import models as accounts
from catalog.courses import models as courses
from catalog.db import metadata
from catalog.jobs import models as jobs
from catalog.nodes import models as nodes
from catalog.publishing import models as publishing
from catalog.timetable import models as timetable

__all__ = ["accounts", "courses", "jobs", "metadata", "nodes", "publishing", "timetable"]
