"""What the classroom's players get: views made from indexes and segments, each segment verified as it is read."""
