"""The calls about the instruments of a library that several PCs share."""
