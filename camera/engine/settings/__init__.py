"""Which settings are in force, and whether a frame proves them."""
