import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.errors import NotAnOriginal
from images.record.image import Requested, bits_held, dump_record, format_time, load_record, parse_time
from images.tests.frames import make_frame, make_pixels, make_record_of

texts = st.text(max_size=60)
numbers = st.floats(allow_nan=True, allow_infinity=True)


@given(texts, texts, numbers, st.none() | numbers)
def test_whatever_it_holds_it_comes_back_the_same(username, job_name, exposure_ms, x_position):
    record = make_record_of(
        make_frame(exposure_ms=exposure_ms, white_balance=(1.0, 1.5, 2.0)),
        username=username,
        job={"id": 3, "name": job_name},
        x_position=x_position,
        requested=Requested(exposure_ms, 1.5),
    )
    assert load_record(dump_record(record)) == record


@given(texts, numbers)
def test_it_holds_only_what_every_database_can(username, exposure_ms):
    line = dump_record(make_record_of(make_frame(exposure_ms=exposure_ms), username=f"a\0{username}"))
    json.loads(line, parse_constant=pytest.fail)
    assert line.isascii()
    assert "\\u0000" not in line.replace("\\\\", "")


def test_what_the_frame_says_stands_beside_what_was_asked():
    record = make_record_of(make_frame(exposure_ms=99.87, gain_db=1.4), requested=Requested(100.0, 1.5))
    assert record["requested"] == {"exposureMs": 100.0, "gainDb": 1.5}
    assert (record["actual"]["exposureMs"], record["actual"]["gainDb"]) == (99.87, 1.4)


@pytest.mark.parametrize(
    ("image_format", "is_colour", "bits", "held"),
    [
        ("tiff", False, 12, 12),
        ("tiff", True, 10, 10),
        ("png", False, 12, 12),
        ("png", True, 12, 8),
        ("jpg", False, 16, 8),
        ("jpg", True, 8, 8),
    ],
)
def test_a_file_holds_the_bits_that_carry_signal_as_far_as_its_format_keeps_them(image_format, is_colour, bits, held):
    record = make_record_of(make_frame(make_pixels(8, 6, bits, is_colour), bits=bits), image_format)
    assert (record["actual"]["significantBits"], bits_held(record)) == (bits, held)


@pytest.mark.parametrize("record", [{}, [], {"actual": {}, "file": {"bits": 16}}, {"actual": None, "file": None}])
def test_what_does_not_say_how_deep_it_is_counts_as_eight_bit(record):
    assert bits_held(record) == 8


@pytest.mark.parametrize(("as_set", "said"), [(set(), []), ({"gain_db", "exposure_ms"}, ["exposureMs", "gainDb"])])
def test_it_says_which_settings_the_frame_does_not_say_itself(as_set, said):
    assert make_record_of(make_frame(as_set=frozenset(as_set)))["actual"]["asSet"] == said


def test_every_record_has_an_id_of_its_own():
    frame = make_frame()
    assert make_record_of(frame)["id"] != make_record_of(frame)["id"]


def test_fields_of_a_later_version_are_left_alone():
    record = {**make_record_of(make_frame()), "version": 7, "stain": "H&E"}
    assert load_record(dump_record(record)) == record


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "{}",
        "[]",
        "null",
        '"text"',
        '{"schema": "other", "version": 1}',
        "[" * 100_000,
        '{"schema": "microscope.image", "version": 1, "id": 5, "capturedAt": "2025-01-16T10:30:45.123Z"}',
        '{"schema": "microscope.image", "version": 1, "id": "x", "capturedAt": "2025-01-16T10:30:45.123Z"}',
    ],
)
def test_a_text_that_is_no_record_is_refused(text):
    with pytest.raises(NotAnOriginal):
        load_record(text)


@pytest.mark.parametrize(
    "changes", [{"capturedAt": "yesterday"}, {"capturedAt": "0001-01-01T00:00:00+14:00"}, {"gain": math.nan}]
)
def test_a_record_with_nonsense_in_it_is_refused(changes):
    with pytest.raises(NotAnOriginal):
        load_record(json.dumps({**make_record_of(make_frame()), **changes}))


@given(st.datetimes(datetime(1970, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC)))
def test_times_are_kept_to_the_millisecond_in_utc(moment):
    text = format_time(moment)
    assert text.endswith("Z")
    assert parse_time(text) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)
