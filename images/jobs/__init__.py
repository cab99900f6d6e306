"""Jobs: planned series of captures. `plan` is the pure part, without database, camera or clock."""
