"""Buffers come back by themselves, but never while anything refers to them. Unused ones go back to the system."""

import threading

import numpy as np
import pytest
from PIL import Image

from camera.memory import FrameBuffers, Pool, as_picture
from camera.tests.driving import InThread
from camera.tests.rig import wait_until

SHORT_S = 0.01
NEVER_S = 1e6


@pytest.fixture
def pool() -> Pool:
    """A pool that drops nothing: its thread sleeps until the tests have ended."""
    return Pool(unused_s=NEVER_S)


@pytest.fixture
def buffers(pool) -> FrameBuffers:
    return FrameBuffers(pool)


class TestFrameBuffers:
    def test_a_buffer_is_writable_bytes_of_the_size_asked_for(self, buffers):
        lent = buffers.lend(1234)
        lent[:] = 7
        assert (lent.shape, lent.dtype) == ((1234,), np.uint8)
        assert lent.sum() == 7 * 1234

    def test_a_forgotten_buffer_is_lent_again(self, buffers, pool):
        lent = buffers.lend(100)
        address = lent.ctypes.data
        del lent
        assert pool.free_count == 1
        assert buffers.lend(100).ctypes.data == address

    def test_a_view_of_a_view_keeps_the_buffer(self, buffers, pool):
        view = buffers.lend(200).view(np.uint16)[10:60].reshape(5, 10)[1:]
        view[:] = 321
        others = [buffers.lend(200) for _ in range(4)]
        for other in others:
            other[:] = 0
        assert (view == 321).all()
        del view, other, others
        assert pool.free_count == 5

    def test_no_two_hold_the_same_memory(self, buffers):
        assert len({lent.ctypes.data for lent in [buffers.lend(64) for _ in range(20)]}) == 20

    def test_sizes_do_not_mix(self, buffers, pool):
        small, large = buffers.lend(10), buffers.lend(20)
        addresses = small.ctypes.data, large.ctypes.data
        del small, large
        assert (buffers.lend(10).size, buffers.lend(20).size) == (10, 20)
        assert (buffers.lend(10).ctypes.data, buffers.lend(20).ctypes.data) == addresses
        assert pool.free_count == 2

    def test_a_buffer_may_come_back_from_another_thread(self, buffers, pool):
        lent = [buffers.lend(50)]
        InThread(lent.clear).answer()
        assert pool.free_count == 1


class TestPool:
    def test_only_so_many_are_kept(self):
        pool = Pool(max_free=3, unused_s=NEVER_S)
        lent = [FrameBuffers(pool).lend(10) for _ in range(9)]
        del lent
        assert pool.free_count == 3

    def test_unused_objects_are_freed_and_the_thread_ends(self):
        pool = Pool(unused_s=SHORT_S)
        lent = [FrameBuffers(pool).lend(size) for size in (10, 10, 20)]
        del lent
        wait_until(lambda: pool.free_count == 0 and not pool.is_dropping)
        lent = FrameBuffers(pool).lend(10)
        assert pool.is_dropping
        del lent
        wait_until(lambda: pool.free_count == 0 and not pool.is_dropping)

    def test_what_is_lent_is_never_given_up(self):
        pool = Pool(unused_s=SHORT_S)
        lent = FrameBuffers(pool).lend(10)
        lent[:] = 7
        wait_until(lambda: not pool.is_dropping)
        assert (lent == 7).all()


class TestPictures:
    def test_a_colour_picture_has_the_pixels_and_is_lent_again(self, pool):
        for seed in range(3):
            pixels = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), dtype=np.uint8)
            with as_picture(pixels, pool) as picture:
                assert np.array_equal(np.asarray(picture), pixels)
                assert pool.free_count == 0
            assert pool.free_count == 1

    @pytest.mark.parametrize("kind", [np.uint8, np.uint16])
    def test_a_grey_picture_is_read_where_it_lies(self, pool, kind):
        pixels = np.arange(600).astype(kind).reshape(20, 30)
        with as_picture(pixels, pool) as picture:
            assert np.array_equal(np.asarray(picture), pixels)
        assert pool.free_count == 0

    @pytest.mark.parametrize("view", [np.s_[::2], np.s_[::-1], np.s_[:, ::3], np.s_[3:9]])
    def test_a_view_is_taken_as_it_is_seen(self, pool, view):
        pixels = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)[view]
        with as_picture(pixels, pool) as picture:
            assert np.array_equal(np.asarray(picture), pixels)

    def test_it_comes_back_after_a_failure_too(self, pool):
        pixels = np.zeros((4, 4, 3), np.uint8)
        with pytest.raises(OSError, match="disk"), as_picture(pixels, pool):
            raise OSError("the disk is full")
        assert pool.free_count == 1

    def test_pictures_of_eight_threads_do_not_mix(self, pool):
        together = threading.Barrier(8)

        def encode(value: int) -> set[int]:
            pixels = np.full((64, 64, 3), value, np.uint8)
            seen: set[int] = set()
            for _ in range(50):
                with as_picture(pixels, pool) as picture:
                    together.wait(10)
                    seen |= set(np.asarray(picture).ravel().tolist())
            return seen

        threads = [InThread(lambda value=value: encode(value)) for value in range(8)]
        assert [thread.answer() for thread in threads] == [{value} for value in range(8)]
        assert pool.free_count == 8

    def test_pixels_that_no_picture_has_are_refused(self, pool):
        with pytest.raises(TypeError), as_picture(np.zeros((4, 4, 5), np.uint8), pool):
            pass

    def test_a_picture_for_the_eye_is_that_of_pillow(self, pool, tmp_path):
        pixels = np.random.default_rng(1).integers(0, 256, (40, 50, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "plain.jpg", quality=90)
        with as_picture(pixels, pool) as picture:
            picture.save(tmp_path / "lent.jpg", quality=90)
        assert (tmp_path / "lent.jpg").read_bytes() == (tmp_path / "plain.jpg").read_bytes()
