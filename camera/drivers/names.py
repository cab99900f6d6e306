"""The words that settings have for drivers and for simulated cameras. Imports no driver: a library without a camera
reads its settings, too."""

NO_CAMERA = "none"
DRIVERS = ("auto", "pixelink", "simulated", NO_CAMERA)
SIMULATED_CAMERAS = (
    *("colour-2mp", "colour-2mp-bright", "colour-5mp", "colour-2mp-12bit"),
    *("mono-2mp", "mono-5mp-12bit", "mono-1mp-16bit", "colour-small", "mono-small-12bit"),
)
