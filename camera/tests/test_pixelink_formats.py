"""Bytes are unpacked into pixels. The expected bytes are written by hand."""

import numpy as np
import pytest

from camera.drivers.pixelink.frames.formats import FORMATS, FrameLayout, find_format, name_format
from camera.errors import PixelFormatUnsupported
from camera.tests.driving import driving


def unpack(name: str, data: list[int], rows: int, columns: int) -> list:
    pixel_format = next(each for each in FORMATS.values() if each.name == name)
    room = FrameLayout(rows, columns, pixel_format).buffer_bytes
    buffer = np.array(data + [0xEE] * (room - len(data)), dtype=np.uint8)
    return pixel_format.unpack(buffer, rows, columns, lambda size_bytes: np.empty(size_bytes, np.uint8)).tolist()


class TestLayouts:
    def test_sixteen_bit_is_big_endian_and_stays_at_the_top(self):
        assert unpack("MONO16", [0x12, 0x30, 0xAB, 0xC0], 1, 2) == [[0x1230, 0xABC0]]

    def test_twelve_bit_packed_has_both_low_halves_in_the_middle(self):
        assert unpack("MONO12_PACKED", [0x12, 0x63, 0x45], 1, 2) == [[0x123, 0x456]]

    def test_twelve_bit_most_significant_first_has_them_last(self):
        assert unpack("MONO12_PACKED_MSFIRST", [0x12, 0x45, 0x63], 1, 2) == [[0x123, 0x456]]

    def test_ten_bit_has_four_times_two_bits_in_the_fifth_byte(self):
        data = [0xFF, 0x00, 0x80, 0x01, 0b11_10_01_00]
        assert unpack("MONO10_PACKED_MSFIRST", data, 2, 2) == [[0x3FC, 0x001], [0x202, 0x007]]

    def test_a_row_may_end_within_a_group(self):
        data = [0x12, 0x63, 0x45, 0x78, 0xC9, 0xAB]
        assert unpack("MONO12_PACKED", data, 1, 3) == [[0x123, 0x456, 0x789]]
        assert unpack("MONO10_PACKED_MSFIRST", [1, 2, 3, 4, 0, 5, 0, 0, 0, 1], 1, 5) == [[4, 8, 12, 16, 21]]

    @pytest.mark.parametrize(
        ("name", "data"),
        [
            ("RGB24_NON_DIB", [1, 2, 3, 4, 5, 6]),
            ("BGR24_NON_DIB", [3, 2, 1, 6, 5, 4]),
            ("RGB24_DIB", [6, 5, 4, 3, 2, 1]),
            ("RGBA", [1, 2, 3, 99, 4, 5, 6, 99]),
            ("BGRA", [3, 2, 1, 99, 6, 5, 4, 99]),
            ("ARGB", [99, 1, 2, 3, 99, 4, 5, 6]),
            ("ABGR", [99, 3, 2, 1, 99, 6, 5, 4]),
        ],
    )
    def test_colours_come_out_as_red_green_blue_from_the_top(self, name, data):
        assert unpack(name, data, 2, 1) == [[[1, 2, 3]], [[4, 5, 6]]]

    def test_buffers_have_room_for_whole_groups(self):
        for pixel_format in FORMATS.values():
            layout = FrameLayout(13, 17, pixel_format)
            assert layout.buffer_bytes % 15 == 0
            assert layout.whole_bytes <= layout.size_bytes <= layout.buffer_bytes < layout.size_bytes + 15


class TestNames:
    def test_numbers_and_names_are_those_of_the_sdk(self):
        with driving():
            from pixelinkWrapper import PxLApi

            theirs = {name: number for name, number in vars(PxLApi.PixelFormat).items() if name.isupper()}
        for number, pixel_format in FORMATS.items():
            assert number in theirs.values()
            assert theirs.get(pixel_format.name, number) == number
        assert set(theirs.values()) - set(FORMATS) == {30, 31, 32, 33}

    def test_sizes_are_those_of_the_sdk(self):
        with driving():
            from pixelinkWrapper import PxLApi

            sizes = {number: PxLApi.getBytesPerPixel(number) for number in FORMATS}
        assert all(sizes[number] in (0, FORMATS[number].bytes_per_pixel) for number in FORMATS)

    @pytest.mark.parametrize(("number", "name"), [(31.0, "POLAR4_12"), (99.0, "format 99")])
    def test_what_cannot_be_read_is_named(self, number, name):
        assert name_format(number) == name
        with pytest.raises(PixelFormatUnsupported, match=name):
            find_format(number)
