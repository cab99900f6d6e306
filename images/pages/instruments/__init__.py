"""The page of the microscopes that share the library."""
