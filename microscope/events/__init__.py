"""Events for programs: the entries of the audit log that every viewer may see. Programs ask for them, or get them by
webhook."""
