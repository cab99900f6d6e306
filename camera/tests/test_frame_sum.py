"""Sums of frames: exact, of frames in a row, and never larger than their bits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from camera.errors import FramesLost
from camera.frame import Binning, CameraIdentity, CameraWarning, Descriptor, Frame, Roi, to_display
from camera.frame_sum import FrameSum

BEGAN_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOT = CameraWarning("hot", "The camera is hot.")


def make_frame(number: int, pixels: np.ndarray, bits: int, **fields) -> Frame:
    return Frame(
        pixels=pixels,
        descriptor=Descriptor(number, 10.5, 0.0, Roi(0, 0, 8, 6), Binning(), "MONO16", bits),
        camera=CameraIdentity("Maker", "Model", "7"),
        driver="simulated",
        is_simulated=True,
        captured_at=BEGAN_AT + timedelta(milliseconds=10.5 * number),
        **fields,
    )


def make_noise(bits: int, count: int, shape: tuple[int, ...]) -> list[np.ndarray]:
    random, kind = np.random.default_rng(bits), np.uint8 if bits <= 8 else np.uint16
    return [random.integers(0, 2**bits, shape, dtype=kind) for _ in range(count)]


def add_up(pixels: list[np.ndarray], bits: int) -> Frame:
    total = FrameSum(len(pixels))
    for number, one in enumerate(pixels, start=40):
        total.add(make_frame(number, one, bits))
    return total.frame


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("shape", [(6, 8), (6, 8, 3)])
@pytest.mark.parametrize("count", [2, 16, 256])
def test_a_sum_is_exact(bits, shape, count):
    pixels = make_noise(bits, count, shape)
    total = add_up(pixels, bits)
    assert total.pixels.dtype == np.uint32
    assert np.array_equal(total.pixels, np.sum([one.astype(np.uint64) for one in pixels], axis=0))
    assert np.array_equal(total.pixels / count, np.mean(pixels, axis=0, dtype=np.float64))


@pytest.mark.parametrize(("bits", "most"), [(8, 65_536), (12, 4096), (16, 256)])
def test_the_brightest_frames_fit_up_to_the_bound_and_no_sum_is_begun_beyond_it(bits, most):
    kind = np.uint8 if bits == 8 else np.uint16
    white = np.full((2, 2), 2**bits - 1, kind)
    total = FrameSum(most)
    for number in range(most):
        total.add(make_frame(number, white, bits))
    largest = int(total.frame.pixels.max())
    assert (largest, total.frame.descriptor.significant_bits) == (most * (2**bits - 1), 24)
    # A program that reads 32 bits as floating point sees the very same number.
    assert int(np.float32(largest)) == largest
    with pytest.raises(ValueError, match="needs 25 bits"):
        FrameSum(2 * most).add(make_frame(0, white, bits))


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_screens_show_the_mean(bits):
    pixels = make_noise(bits, 8, (6, 8))
    total = add_up(pixels, bits)
    mean = np.mean(pixels, axis=0).astype(np.uint16)
    assert np.array_equal(to_display(total.pixels, total.descriptor.significant_bits), mean >> (bits - 8))


def test_the_sum_says_of_which_frames_it_is():
    total = add_up(make_noise(12, 4, (6, 8)), 12)
    said = total.summed
    assert (said.count, said.first_number, said.last_number, said.bits_per_frame) == (4, 40, 43, 12)
    assert said.total_exposure_ms == 42.0
    assert total.captured_at == BEGAN_AT + timedelta(milliseconds=420)
    assert said.last_captured_at - total.captured_at == timedelta(milliseconds=31.5)
    assert (total.descriptor.exposure_ms, total.descriptor.significant_bits) == (10.5, 14)


def test_the_frames_stay_as_they_are():
    pixels = make_noise(8, 2, (6, 8))
    before = [one.copy() for one in pixels]
    for one in pixels:
        one.flags.writeable = False
    add_up(pixels, 8)
    assert all(map(np.array_equal, pixels, before))


def test_a_warning_of_any_frame_is_a_warning_of_the_sum():
    total = FrameSum(2)
    first, last = make_noise(8, 2, (6, 8))
    total.add(make_frame(1, first, 8))
    total.add(make_frame(2, last, 8, warnings=(HOT,)))
    assert total.frame.warnings == (HOT,)


@pytest.mark.parametrize("number", [40, 39, 42, 1])
def test_a_frame_that_does_not_follow_is_no_part_of_a_sum(number):
    total, (first, other) = FrameSum(4), make_noise(8, 2, (6, 8))
    total.add(make_frame(40, first, 8))
    with pytest.raises(FramesLost, match=f"Frame 40 of the stream was followed by frame {number}"):
        total.add(make_frame(number, other, 8))


def test_a_frame_of_another_kind_is_no_part_of_a_sum():
    total, (first, other) = FrameSum(4), make_noise(8, 2, (6, 8))
    total.add(make_frame(40, first, 8))
    with pytest.raises(FramesLost, match="of another kind"):
        total.add(make_frame(41, other[:3], 8))
    deeper = make_frame(41, other, 8)
    with pytest.raises(FramesLost, match="of another kind"):
        total.add(replace(deeper, descriptor=replace(deeper.descriptor, significant_bits=12)))


def test_a_part_of_a_sum_is_never_given_out():
    total = FrameSum(2)
    with pytest.raises(ValueError, match="0 of 2 frames"):
        _ = total.frame
    total.add(make_frame(1, np.ones((2, 2), np.uint8), 8))
    with pytest.raises(ValueError, match="1 of 2 frames"):
        _ = total.frame
    total.add(make_frame(2, np.ones((2, 2), np.uint8), 8))
    with pytest.raises(ValueError, match="has all its frames"):
        total.add(make_frame(3, np.ones((2, 2), np.uint8), 8))


@pytest.mark.parametrize("count", [0, 1, 3, 12, -4])
def test_only_powers_of_two_are_added_up(count):
    with pytest.raises(ValueError, match="2, 4, 8 and so on"):
        FrameSum(count)
