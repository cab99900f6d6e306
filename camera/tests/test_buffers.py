"""Frame buffers come back by themselves, and never while anyone still looks at them."""

import numpy as np

from camera.buffers import FrameBuffers
from camera.tests.driving import InThread


def test_a_buffer_is_writable_bytes_of_the_size_asked_for():
    lent = FrameBuffers().lend(1234)
    lent[:] = 7
    assert (lent.shape, lent.dtype) == ((1234,), np.uint8)
    assert lent.sum() == 7 * 1234


def test_a_forgotten_buffer_is_lent_again():
    buffers = FrameBuffers()
    lent = buffers.lend(100)
    address = lent.ctypes.data
    del lent
    assert buffers.free_count == 1
    assert buffers.lend(100).ctypes.data == address


def test_a_view_of_a_view_keeps_the_buffer():
    buffers = FrameBuffers()
    view = buffers.lend(200).view(np.uint16)[10:60].reshape(5, 10)[1:]
    view[:] = 321
    others = [buffers.lend(200) for _ in range(4)]
    for other in others:
        other[:] = 0
    assert (view == 321).all()
    del view, other, others
    assert buffers.free_count == 5


def test_no_two_hold_the_same_memory():
    buffers = FrameBuffers()
    assert len({lent.ctypes.data for lent in [buffers.lend(64) for _ in range(20)]}) == 20


def test_only_so_many_are_kept():
    buffers = FrameBuffers(keep=3)
    lent = [buffers.lend(10) for _ in range(9)]
    del lent
    assert buffers.free_count == 3


def test_another_size_is_served_and_the_old_ones_are_dropped():
    buffers = FrameBuffers()
    old = [buffers.lend(10) for _ in range(3)]
    del old
    assert buffers.lend(20).size == 20
    assert buffers.free_count == 1


def test_a_buffer_may_come_back_from_another_thread():
    buffers = FrameBuffers()
    lent = [buffers.lend(50)]
    InThread(lent.clear).answer()
    assert buffers.free_count == 1
