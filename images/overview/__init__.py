"""What all instruments of a library say of themselves."""
