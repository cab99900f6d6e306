import pytest
from django.urls import reverse

from images.library import the_library
from images.models import Calibration, Objective

pytestmark = pytest.mark.django_db


def address(row, action: str) -> str:
    return reverse(f"admin:images_{row._meta.model_name}_{action}", args=[row.pk])


def seen(browser, row) -> dict[str, str]:
    """Return the hidden fields of the row's form that hold the values it showed."""
    return {"seen_values": browser.get(address(row, "change")).context["adminform"].form.seen_values}


def test_calibrations_are_shown_and_never_changed_added_or_deleted(browser, calibrated):
    assert "0.5" in browser.get("/admin/images/calibration/").content.decode()
    page = browser.get(address(calibrated, "change")).content.decode()
    assert "775001234" in page
    assert 'name="_save"' not in page
    assert browser.post(address(calibrated, "change"), {"um_per_pixel": 1}).status_code == 403
    assert browser.get("/admin/images/calibration/add/").status_code == 403
    assert browser.post(address(calibrated, "delete"), {"post": "yes"}).status_code == 403
    assert Calibration.objects.get().um_per_pixel == 0.5


def test_an_objective_is_added_and_renamed_but_its_magnification_stays(browser, objective):
    browser.post("/admin/images/objective/add/", {"name": "40x", "magnification": 40, "numerical_aperture": ""})
    assert Objective.objects.get(name="40x").magnification == 40
    typed = {"name": "Plan 10x", "magnification": 20, "is_retired": "on"}
    browser.post(address(objective, "change"), {**seen(browser, objective), **typed})
    objective.refresh_from_db()
    assert (objective.name, objective.magnification, objective.is_retired) == ("Plan 10x", 10.0, False)
    assert browser.post(address(objective, "delete"), {"post": "yes"}).status_code == 403


def test_a_name_given_in_the_admin_is_what_the_next_record_carries(
    browser, calibrated, django_capture_on_commit_callbacks
):
    the_library().optics.current()
    with django_capture_on_commit_callbacks(execute=True):
        form = seen(browser, calibrated.objective)
        browser.post(address(calibrated.objective, "change"), {**form, "name": "Plan 10x"})
    assert the_library().optics.current().objective["name"] == "Plan 10x"
