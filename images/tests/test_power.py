"""What Windows is asked, so that the PC does not fall asleep over a job."""

import ctypes
from types import SimpleNamespace

from images import power
from images.power import KeepAwake, read_awake_s
from images.run_days import Clock


class Kernel:
    """Stands in for kernel32.dll."""

    def __init__(self, answer: int = 1) -> None:
        self.states: list[int] = []
        self._answer = answer

    def SetThreadExecutionState(self, state: int) -> int:  # noqa: N802 (Windows' name)
        self.states.append(state)
        return self._answer

    def QueryUnbiasedInterruptTime(self, place) -> int:  # noqa: N802
        place._obj.value = 123 * 10**7
        return 1


def windows(monkeypatch, kernel: Kernel) -> Kernel:
    monkeypatch.setattr(power, "os", SimpleNamespace(name="nt"))
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    return kernel


def test_windows_is_asked_once_to_stay_awake_and_once_to_sleep_again(monkeypatch):
    kernel, awake = windows(monkeypatch, Kernel()), KeepAwake()
    for _ in range(3):
        awake.hold()
    assert kernel.states == [0x80000001]
    for _ in range(3):
        awake.release()
    assert kernel.states == [0x80000001, 0x80000000]


def test_if_windows_refuses_it_is_in_the_log(monkeypatch, caplog):
    windows(monkeypatch, Kernel(answer=0))
    KeepAwake().hold()
    assert "could not be asked to stay awake" in caplog.text


def test_windows_tells_for_how_long_it_was_awake(monkeypatch):
    windows(monkeypatch, Kernel())
    assert read_awake_s() == 123.0


def test_elsewhere_nobody_is_asked():
    awake = KeepAwake()
    awake.hold()
    awake.release()
    assert not awake.is_held


def test_while_the_pc_is_awake_both_clocks_run_alike():
    clock = Clock()
    slept_before_s = clock.elapsed_s() - clock.awake_s()
    assert abs(clock.elapsed_s() - clock.awake_s() - slept_before_s) < 10
