from datetime import UTC, datetime, timedelta

import pytest

from images.edit.bin import bin_image, restore_image, sweep_bin
from images.models import Image, RunDayCount
from images.run_days import RunDays, register_run_days
from images.tests.clocks import START, SetClock

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class Program:
    """The program under a clock that the test sets. It starts, ticks and sweeps like the server."""

    def __init__(self, clock: SetClock) -> None:
        self.clock = clock
        self.start()

    def start(self) -> None:
        """Start like a new process: only the database remembers."""
        self.run_days = register_run_days(RunDays(self.clock))
        self.tick()

    def tick(self) -> None:
        self.run_days.tick()
        sweep_bin()

    def run(self, span: timedelta) -> None:
        for _ in range(span // HOUR):
            self.clock.run(HOUR)
            self.tick()


@pytest.fixture
def program(archive) -> Program:
    return Program(SetClock())


@pytest.fixture
def binned(program, keep_image, operator) -> Image:
    return bin_image(keep_image().pk, operator)


def is_kept(image: Image, archive) -> bool:
    return Image.objects.filter(pk=image.pk).exists() and archive.path_of(image.filename).exists()


@pytest.mark.django_db(transaction=True)
def test_an_image_leaves_the_bin_after_thirty_days_on_which_the_program_ran(program, binned, archive):
    program.run(30 * DAY)
    assert is_kept(binned, archive)
    program.run(2 * DAY)
    assert not is_kept(binned, archive)
    assert not archive.path_of(binned.filename).exists()


@pytest.mark.django_db(transaction=True)
def test_of_several_pcs_one_counts_and_another_whose_clock_is_days_ahead_changes_nothing(program, binned):
    ahead = SetClock()
    ahead.jump(3 * DAY)
    other = RunDays(ahead, may_count=lambda: False)
    for _ in range(20 * 24):
        program.run(HOUR)
        ahead.run(HOUR)
        assert not other.tick()
    count = RunDayCount.objects.get()
    assert count.days in (19, 20) and count.expected_at <= program.clock.now()
    assert other.days == count.days


def test_whoever_only_watches_doubts_its_own_clock(program):
    wrong = SetClock()
    other = RunDays(wrong, may_count=lambda: False)
    other.tick()
    assert other.doubt is None
    wrong.jump(400 * DAY)
    other.tick()
    assert other.doubt and not RunDayCount.objects.get().is_clock_in_doubt


@pytest.mark.parametrize("jump_days", [400, 29, -400, -20_000])
@pytest.mark.parametrize("is_running", [True, False])
def test_a_clock_that_jumps_removes_nothing(program, binned, archive, jump_days, is_running):
    for _ in range(2):
        program.clock.jump(jump_days * DAY)
        if is_running:
            program.tick()
        else:
            program.start()
        program.run(12 * HOUR)
        assert is_kept(binned, archive)
        program.clock.jump(-jump_days * DAY)
        program.start()
    program.run(2 * DAY)
    assert is_kept(binned, archive)
    assert program.run_days.days <= 6


def test_an_image_that_was_binned_while_the_clock_was_ahead_is_kept_as_long_as_any(program, keep_image, operator):
    program.clock.jump(-400 * DAY)
    program.start()
    image = bin_image(keep_image().pk, operator)
    program.clock.jump(400 * DAY)
    program.start()
    program.run(2 * DAY)
    assert Image.objects.in_bin().filter(pk=image.pk).exists()


def test_days_on_which_the_program_is_off_do_not_count(program, binned):
    for _ in range(10):
        program.run(8 * HOUR)
        program.clock.jump(timedelta(days=6, hours=16))
        program.start()
        assert program.run_days.doubt is None, "a week off is no reason for doubt"
    assert program.run_days.days == 10
    assert Image.objects.in_bin().exists()


def test_many_starts_on_one_day_count_as_one(program):
    for _ in range(6):
        program.run(2 * HOUR)
        program.start()
    assert program.run_days.days == 0
    program.run(8 * HOUR)
    assert program.run_days.days == 1


def test_what_the_count_does_not_know_begins_to_count_when_it_is_seen(program, binned, archive):
    program.run(3 * DAY)
    RunDayCount.objects.update(days=2)
    program.start()
    Image.objects.update(binned_run_day=29)  # as if the count was lost
    program.run(29 * DAY)
    assert is_kept(binned, archive)


def test_an_image_that_was_restored_and_binned_again_begins_anew(program, binned, operator):
    program.run(20 * DAY)
    restore_image(binned.pk, operator)
    bin_image(binned.pk, operator)
    program.run(20 * DAY)
    assert Image.objects.in_bin().filter(pk=binned.pk).exists()


@pytest.mark.parametrize("jump", [400 * DAY, -2 * DAY, 3 * HOUR])
def test_a_jump_is_noticed_at_once_and_forgotten_when_the_clock_is_right_again(program, caplog, jump):
    program.run(2 * DAY)
    program.clock.jump(jump)
    assert program.run_days.doubt
    program.tick()
    assert "The clock of this PC may be wrong. It shows" in caplog.text
    program.run(3 * HOUR)
    assert program.run_days.doubt
    program.clock.jump(-jump)
    program.tick()
    assert program.run_days.doubt is None


def test_a_jump_while_the_program_was_off_is_noticed_at_the_start_and_put_right_later(program):
    program.run(2 * DAY)
    program.clock.jump(400 * DAY)
    program.start()
    assert "400 days more than the program expected" in str(program.run_days.doubt)
    program.clock.jump(-397 * DAY)
    program.tick()
    assert program.run_days.doubt is None, "three days off are nothing strange"


def test_a_clock_of_1970_is_in_doubt_on_the_very_first_start(archive):
    program = Program(SetClock(datetime(1970, 1, 1, tzinfo=UTC)))
    assert program.run_days.doubt
    program.run(48 * HOUR)
    program.clock.time = START
    program.tick()
    assert program.run_days.doubt is None


def test_a_clock_before_the_newest_image_is_in_doubt_on_the_very_first_start(archive, cheap_images):
    cheap_images([START + 100 * DAY])
    assert "already" in str(Program(SetClock(START)).run_days.doubt)


@pytest.mark.usefixtures("camera")
def test_a_jump_is_told_to_managers_in_health_and_on_the_bin_page_until_one_confirms_the_clock(
    program, client, manager, operator
):
    warning = "The clock of this PC may be wrong."
    client.force_login(manager)
    assert warning not in client.get("/images/").content.decode()
    assert client.get("/health").json()["clock"] == "ok"
    program.clock.jump(400 * DAY)

    assert warning in client.get("/images/").content.decode()
    assert "24 hours of running count as a day" in client.get("/images/bin/").content.decode()
    health = client.get("/health")
    assert (health.status_code, health.json()["clock"]) == (200, "in_doubt")
    client.force_login(operator)
    assert warning not in client.get("/images/").content.decode()
    assert client.post("/clock/confirm").status_code == 403

    client.force_login(manager)
    assert client.post("/clock/confirm", follow=True).status_code == 200
    assert warning not in client.get("/images/").content.decode()
    assert client.get("/health").json()["clock"] == "ok"
    program.start()
    assert program.run_days.doubt is None, "the next start knows it, too"


def test_the_bin_says_how_many_days_of_running_are_left(program, binned, api, client, operator):
    program.clock.jump(400 * DAY)
    program.run(3 * DAY)
    client.force_login(operator)
    page = client.get("/images/bin/").content.decode()
    assert "Images stay here for 30 days on which the program runs." in page
    assert "28 d left" in page
    assert api(operator).get(f"/api/v1/images/{binned.pk}").json()["binDaysLeft"] == 28


@pytest.mark.parametrize(("jump", "is_in_doubt"), [(0 * DAY, False), (-400 * DAY, True)])
@pytest.mark.usefixtures("camera")
def test_a_capture_under_a_doubtful_clock_is_kept_and_its_record_says_so(
    program, api, client, operator, jump, is_in_doubt
):
    program.clock.jump(jump)
    answer = api(operator).post("/api/v1/camera/capture", {}, format="json")
    assert answer.status_code == 201
    image = api(operator).get(f"/api/v1/images/{answer.json()['imageId']}").json()
    assert image["metadata"]["clockInDoubt"] is is_in_doubt
    client.force_login(operator)
    page = client.get(f"/images/{image['imageId']}/").content.decode()
    assert ("The clock of the PC may have been wrong." in page) is is_in_doubt
