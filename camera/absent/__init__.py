"""The program without a camera: the library of several instruments."""
