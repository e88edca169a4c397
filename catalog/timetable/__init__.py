"""The timetables of schools at the centre: joined from what nodes say, and how their lessons stand."""
