"""Events for programs: the entries of the audit log that every viewer may see, asked for or sent to them."""
