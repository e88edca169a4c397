"""`make bench-readiness`: four weeks in the lives of schools, on real lines, with every way to fill a node."""
