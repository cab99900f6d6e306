"""How a PC comes into a library that several instruments share, how it leaves it, and what becomes of a dead one's
disk."""
