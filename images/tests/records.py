"""Random records, as years of use could make them: any words, any numbers, with or without a scale."""

from typing import Any

from hypothesis import strategies as st

from camera.frame import Frame
from images.editable_fields import NUMBERS, TEXTS
from images.record.image import Requested
from images.tests.frames import make_record_of

OBJECTIVE = {
    "id": "0a5f4f3c-8f5e-4c52-9f5e-0a1b2c3d4e5f",
    "name": "Plan Apo λ 20 \N{MULTIPLICATION SIGN}",
    "magnification": 20.0,
    "numericalAperture": 0.75,
}
SCALE = {
    "known": True,
    "umPerPixelX": 0.1625,
    "umPerPixelY": 0.325,
    "calibration": {"id": "5d0a0d8e-3a55-4b56-8f4e-c0ffee000001", "umPerPixel": 0.1625, "lengthUm": 1000.0},
}
UNKNOWN_SCALE = {"known": False}

words = st.text(max_size=60) | st.sampled_from(
    [
        "José Núñez",
        "山田太郎",
        "µ-lab 5 µm",
        "Ω\n\t\\",
        '"<&>]]>',
        "\ud800 half",
        "\x01\x1f\ufffe",
        "\N{MICROSCOPE}",
    ]
)
numbers = st.floats(allow_nan=False, allow_infinity=False)
extremes = numbers | st.sampled_from([0.0, 5e-324, 1.7e308, -1.0, 1e-9, 4.3e9])
whole_words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)

objectives = st.none() | st.fixed_dictionaries(
    {
        "id": st.uuids().map(str),
        "name": whole_words,
        "magnification": st.floats(0.1, 1e4),
        "numericalAperture": st.none() | st.floats(0.01, 2),
    }
)
scales = st.none() | st.fixed_dictionaries({"known": st.booleans(), "umPerPixelX": extremes, "umPerPixelY": extremes})


@st.composite
def records(draw: st.DrawFn, frame: Frame, image_format: str) -> dict[str, Any]:
    """Random records of a frame."""
    record = make_record_of(
        frame,
        image_format,
        draw(words.filter(bool)),
        requested=Requested(draw(st.none() | extremes), draw(st.none() | extremes)),
        **{field.column: draw(st.none() | extremes) for field in NUMBERS},
        job=draw(st.none() | st.builds(lambda name: {"id": 3, "name": name}, words)),
        **{field.column: draw(words) for field in TEXTS},
    )
    record["actual"] |= {"exposureMs": draw(extremes), "gainDb": draw(extremes)}
    record["objective"], record["scale"] = draw(objectives), draw(scales)
    return record
