"""Planning a job on its page: what is typed becomes a plan, or a sentence beside the field that is wrong."""

import json
import re
import time
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from images.archive.group import GroupWriter
from images.jobs.plan import WhenLate, parse_plan
from images.jobs.plan.templates import Average, Burst, ExposureSeries, Picture, Positions, TimeLapse, ZSeries, make_plan
from images.jobs.queue.make import make_job
from images.jobs.stored_plan import read_plan
from images.library import the_library
from images.models import Image, Job
from images.pages.jobs.form import fill_in, read_form

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera", "archive")]

TIME_LAPSE = {"kind": "time-lapse", "every": "10", "everyUnit": "min", "lasting": "14", "lastingUnit": "h"}
PICTURE = Picture((5.0, 24.98), gain_db=1.5, image_format="tiff", sample="HeLa", note="day 3")


@pytest.fixture
def plan_job(client, operator):
    """plan_job(kind="z-series") sends the form as an operator; answers status, and the page or the job."""
    client.force_login(operator)

    def send(user=operator, **values):
        client.force_login(user)
        response = client.post("/jobs/new/", {"name": "Wound 4", "key": "k", **values})
        text = re.sub(r"\s+", " ", response.content.decode())
        return response.status_code, text or Job.objects.get(pk=int(response["Location"].split("/")[-2]))

    return send


@pytest.fixture
def estimate(client, operator):
    """estimate(kind="z-series") is what the script gets for these values."""
    client.force_login(operator)

    def ask(**values):
        response = client.post(
            "/jobs/new/estimate", json.dumps({"form": urlencode(values)}), content_type="application/json"
        )
        assert response.status_code == 200
        answer = response.json()
        return re.sub(r"\s+", " ", " ".join(answer["parts"].values())), answer["problems"]

    return ask


def problem_of(page: str, field: str) -> str:
    found = re.search(rf'id="problem-{field}"[^>]*>([^<]*)<', page)
    return found[1].replace("&#x27;", "'") if found else ""


def test_a_time_lapse_is_planned(plan_job):
    status, job = plan_job(**TIME_LAPSE, sample="HeLa", exposures="5, 20", gain="1.5", format="jpg", whenLate="skip")
    plan = read_plan(job)
    assert (status, job.name, job.kind, job.state, job.expected) == (302, "Wound 4", "time-lapse", "queued", 168)
    assert [channel.exposure_ms for channel in plan.channels] == [5, 20]
    assert (plan.wishes.sample, plan.wishes.image_format, plan.wishes.when_late) == ("HeLa", "jpg", "skip")


@pytest.mark.parametrize(
    ("values", "expected", "kind"),
    [
        ({"kind": "exposure-series", "exposures": "2 8;20, 50"}, 4, "exposure series"),
        ({"kind": "burst", "frames": "30", "exposures": "8", "format": "jpg", "whenSlow": "skip"}, 30, "burst"),
        ({"kind": "z-series", "planes": "6", "step": "1.5"}, 6, "z series"),
        ({"kind": "positions", "positions": "left\n\nright \n"}, 2, "positions"),
        ({"kind": "average", "average": "16"}, 1, "average"),
        ({"kind": "average", "average": "4", "exposures": "5, 20", "format": "jpg"}, 2, "average"),
        ({"kind": "advanced", "plan": '{"time_plan": {"interval": 60, "loops": 3}}'}, 3, "time-lapse"),
        ({**TIME_LAPSE, "lasting": "7", "lastingUnit": "rounds"}, 7, "time-lapse"),
    ],
)
def test_each_kind_is_planned(plan_job, values, expected, kind):
    status, job = plan_job(**values)
    assert (status, job.expected, job.kind) == (302, expected, kind)


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"every": "0"}, "every", "Must be more than 0."),
        ({"every": "-1"}, "every", "Must be more than 0."),
        ({"every": "nan"}, "every", "Must be a number."),
        ({"every": "1e400"}, "every", "Must be a number."),
        ({"every": ""}, "every", "Must be a number."),
        ({"every": "1e-9"}, "every", ""),
        ({"lasting": "5", "lastingUnit": "min"}, "lasting", "Must be as long as one interval at least."),
        ({"lasting": "1e300"}, "lasting", ""),
        ({"lasting": "2.5", "lastingUnit": "rounds"}, "lasting", "Must be a whole number."),
        ({"exposures": "5, x"}, "exposures", "Must be a number."),
        ({"exposures": "5, 1e9"}, "exposures", ""),
        ({"gain": "900"}, "gain", ""),
        ({"format": "bmp"}, "format", ""),
        ({"kind": "exposure-series", "exposures": ""}, "exposures", "Name the exposures, for example 5, 20, 80."),
        ({"kind": "z-series", "planes": "5", "step": "0"}, "step", ""),
        ({"kind": "z-series", "planes": "100000", "step": "1"}, "planes", ""),
        ({"kind": "positions"}, "positions", "Name each place, one a line."),
        ({"kind": "burst", "frames": "1"}, "frames", "Must be 2 at least."),
        ({"kind": "burst", "frames": "2.5"}, "frames", "Must be a whole number."),
        ({"kind": "burst", "frames": "1e15"}, "frames", ""),
        ({"kind": "burst", "frames": "9", "exposures": "5, 20"}, "exposures", "A burst has one exposure."),
        ({"kind": "nonsense"}, "kind", "Choose one."),
        ({"kind": "advanced", "plan": "{"}, "plan", ""),
        ({"kind": "advanced", "plan": '{"time": 1}'}, "plan", ""),
        ({"begin": "at", "at": ""}, "at", "Choose a day and a time."),
        (
            {"begin": "at", "at": "2020-01-01T10:00"},
            "at",
            "This time is past. Leave it out to begin as soon as possible.",
        ),
        ({"kind": "average", "average": "12"}, "average", "Must be 1, 2, 4, 8 and so on; 12 was given."),
        ({"kind": "average", "average": "1"}, "average", "Must be 2 at least."),
        ({"kind": "average", "average": "2.5"}, "average", "Must be a whole number."),
        ({"kind": "average", "average": ""}, "average", "Must be a number."),
        ({"kind": "average", "average": "131072"}, "average", ""),
        ({"name": ""}, "name", "This field may not be blank."),
        ({"name": "x" * 201}, "name", ""),
    ],
)
def test_what_is_no_plan_is_refused_beside_its_field(plan_job, values, field, sentence):
    status, page = plan_job(**{**TIME_LAPSE, **values})
    said = problem_of(page, field)
    assert (status, Job.objects.exists()) == (400, False)
    assert said and (not sentence or said == sentence), page[-3000:]
    assert values.get("every", "10") in page, "what was typed stays"


def test_a_plan_as_json_is_refused_with_its_line(plan_job):
    _, page = plan_job(kind="advanced", plan='{\n"time_plan": {"interval": 60,\n"loops": 0}}')
    assert problem_of(page, "plan").startswith("Line 3: time_plan.loops: ")


def test_a_plan_that_the_camera_cannot_keep_is_refused_with_the_numbers(plan_job):
    too_fast = {**TIME_LAPSE, "every": "0.05", "everyUnit": "s", "lasting": "5", "lastingUnit": "rounds"}
    status, page = plan_job(**too_fast, exposures="200")
    assert (status, Job.objects.exists()) == (409, False)
    assert "and the interval is 0.05 s" in problem_of(page, "form")
    assert plan_job(**too_fast, exposures="200", whenLate="skip")[0] == 302


def test_a_start_is_in_the_time_of_the_lab(plan_job, settings):
    start = timezone.localtime() + timedelta(days=1)
    _, job = plan_job(**TIME_LAPSE, begin="at", at=f"{start:%Y-%m-%dT%H:%M}")
    assert (job.state, job.starts_at) == ("planned", start.replace(second=0, microsecond=0))


def test_a_form_that_is_sent_twice_makes_one_job(plan_job):
    first, again = plan_job(**TIME_LAPSE)[1], plan_job(**TIME_LAPSE)[1]
    assert first.pk == again.pk
    assert plan_job(**{**TIME_LAPSE, "every": "20"})[1].pk != first.pk


def test_an_estimate_says_what_it_costs_and_keeps_nothing(estimate, archive):
    page, problems = estimate(**TIME_LAPSE, exposures="5, 20")
    assert problems == {}
    assert "<dd>168</dd><dt>pictures</dt>" in page
    assert "test pictures" in page and "Free now" in page
    assert "<span>No. 1</span> <strong>at the start</strong> <span>5.00 ms</span>" in page
    assert "<strong>+10 min</strong>" in page and "161 more" in page and "<span>No. 168</span>" in page
    assert (Job.objects.count(), Image.objects.count(), list(archive.root.glob("**/*.part"))) == (0, 0, [])


def test_an_estimate_of_an_average_counts_the_light_of_all_frames_and_four_bytes_a_sample(estimate, archive):
    page, problems = estimate(kind="average", average="64", exposures="100")
    assert problems == {}
    size_kb = float(re.search(r"<dd>([\d.]+) kB</dd><dt>on disk</dt>", page)[1])
    assert 4 * 3 * 320 * 240 / 1000 < size_kb < 4 * 3 * 320 * 240 / 1000 + 30
    seconds = float(re.search(r"<dd>([\d.]+) s</dd><dt>from its start</dt>", page)[1])
    assert 6.4 <= seconds < 60
    assert "<span>100.00 ms, sum of 64 frames</span>" in page
    assert list(archive.root.glob("*/*")) == []


def test_an_estimate_offers_what_would_do(estimate):
    page, _ = estimate(
        kind="time-lapse", every="0.05", everyUnit="s", lasting="9", lastingUnit="rounds", exposures="200"
    )
    assert "and the interval is 0.05 s" in page
    every_s = float(re.search(r'data-every="([\d.]+)"', page)[1])
    assert 0.2 < every_s < 60
    assert 'data-when-late="skip"' in page
    assert "One problem above must be solved first." in page


def test_the_estimate_of_a_burst_says_what_camera_and_disk_give(estimate):
    page, problems = estimate(kind="burst", frames="20", exposures="20", whenSlow="skip")
    assert problems == {}
    assert re.search(r"<dt>Camera gives</dt><dd><strong>[\d.]+</strong> frames, <strong>[\d.]+ MB</strong> each", page)
    assert re.search(r"<dt>Disk takes</dt><dd[^>]*><strong>[\d.]+ [MG]B</strong> each second", page)
    assert "<dt>Memory full</dt>" in page and "Time for one round" not in page
    assert "<strong>at the start</strong>" in page and re.search(r"No. 2</span> <strong>\+[\d.]+ m?s</strong>", page)
    assert not Image.objects.exists()


def test_a_disk_slower_than_the_camera_is_said_with_what_would_do(estimate, archive, settings, plan_job):
    settings.BURST_MEMORY_MB = 1
    the_library().group_writer = GroupWriter(archive, lambda descriptor: time.sleep(0.5))
    burst = {"kind": "burst", "frames": "100000", "exposures": "20"}
    page, _ = estimate(**burst)
    assert "MB a second, and the disk takes" in page
    assert re.search(r"<dt>Memory full</dt><dd><strong>after [\d.]+ m?s</strong>", page)
    assert int(re.search(r'data-frames="(\d+)"', page)[1]) < 100
    assert 'data-when-slow="skip"' in page and "One problem above must be solved first." in page
    assert plan_job(**burst)[0] == 409
    status, job = plan_job(**burst, whenSlow="skip")
    assert (status, read_plan(job).wishes.when_late) == (302, "skip")


def test_an_estimate_names_the_field_that_is_wrong(estimate):
    page, problems = estimate(**{**TIME_LAPSE, "every": "x"})
    assert problems == {"every": "Must be a number."}
    assert "Something in the form must be corrected." in page


@pytest.mark.parametrize("body", ["", "[]", "{", '{"form": 5}', '{"form": "kind=time-lapse&every=1&every=2"}', "\xff"])
def test_a_form_that_is_none_is_refused(client, operator, body):
    client.force_login(operator)
    response = client.post("/jobs/new/estimate", body, content_type="application/json")
    assert response.status_code in (200, 400)
    assert not Job.objects.exists()


def test_without_a_script_the_form_estimates_too(client, operator):
    client.force_login(operator)
    page = client.post("/jobs/new/", {**TIME_LAPSE, "name": "x", "act": "estimate"}).content.decode()
    assert "Time for one round" in page and 'value="14"' in page
    assert not Job.objects.exists()


def test_the_plan_of_an_earlier_job_is_filled_in(client, operator):
    client.force_login(operator)
    job = make_job(by=operator, name="Wound 3", plan=TimeLapse(30, 20, PICTURE).as_json())
    page = client.get(f"/jobs/new/?from={job.pk}").content.decode()
    assert 'value="Wound 3"' in page and 'value="5, 24.98"' in page and 'value="30"' in page
    for nonsense in ("x", "999", "9" * 30):
        assert client.get(f"/jobs/new/?from={nonsense}").status_code == 200


@pytest.mark.parametrize(
    "template",
    [
        TimeLapse(90, 20, PICTURE),
        TimeLapse(7200, 3),
        Burst(600, Picture((8.0,), gain_db=1.5, image_format="tiff", sample="HeLa")),
        Burst(60, when_late=WhenLate.SKIP),
        ExposureSeries(PICTURE),
        ZSeries(6, 1.5, PICTURE),
        Positions(("left", "right"), PICTURE),
        Average(16),
        Average(256, Picture((5.0, 24.98), gain_db=1.5, sample="HeLa", note="day 3")),
    ],
)
def test_a_plan_is_the_same_after_it_was_filled_in_and_read_again(template):
    plan = make_plan(template)
    assert parse_plan(read_form(fill_in(plan))) == plan


def test_a_plan_that_the_form_cannot_say_is_filled_in_as_json():
    plan = parse_plan({"time_plan": {"phases": [{"interval": 1, "loops": 3}, {"interval": 5, "loops": 3}]}})
    assert fill_in(plan)["kind"] == "advanced"
    assert parse_plan(read_form(fill_in(plan))) == plan


def test_who_may_not_capture_sees_no_form(client, viewer):
    client.force_login(viewer)
    assert client.get("/jobs/new/").status_code == 403
    assert client.post("/jobs/new/", TIME_LAPSE).status_code == 403
    assert "New job" not in client.get("/jobs/").content.decode()
