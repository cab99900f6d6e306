"""The groups of lines of the status, one file each."""
