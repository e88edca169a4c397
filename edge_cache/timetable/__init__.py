"""The node's timetable: kept here, entered here, and told to the centre."""
