"""How a PC joins a library that several instruments share, how it leaves it, and how the disk of a dead PC is taken
over."""
