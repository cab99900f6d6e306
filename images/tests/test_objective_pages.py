import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from images.calibration.calibrate import calibrate
from images.calibration.objectives import choose_objective
from images.calibration.scale import Line
from images.models import Image, Objective

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera")]
MARKUP = "<script>alert('x')</script>&\"'"


@pytest.fixture
def see(client, manager):
    """see(address, user) returns the page as this user sees it, or else as a manager sees it."""

    def get(address: str, user=manager, status: int = 200) -> str:
        client.force_login(user)
        response = client.get(address)
        assert response.status_code == status
        return re.sub(r"\s+", " ", response.content.decode())

    return get


def calibrate_address(image: Image) -> str:
    return f"/images/{image.pk}/calibrate/"


def test_objectives_stand_there_with_their_calibration_and_its_source(see, calibrated, micrometer):
    page = see("/objectives/")
    assert "10\N{MULTIPLICATION SIGN}, NA 0.25" in page
    assert "In use" in page
    assert "PL-D752, 775001234" in page
    assert "<strong>0.5 µm/px</strong> ± 1.8 %" in page
    assert f'20 µm along 40 pixels of <a href="/images/{micrometer.pk}/">' in page
    assert "by mary" in page


def test_what_was_superseded_stays_to_be_seen(see, calibrated, micrometer, manager):
    calibrate(calibrated.objective_id, micrometer.pk, Line(0, 0, 40, 0), 40, by=manager)
    page = see("/objectives/")
    in_force, former = page.split('class="former"', 1)
    assert "<strong>1 µm/px</strong>" in in_force
    assert "1 earlier calibration<" in former
    assert "<strong>0.5 µm/px</strong>" in former


def test_an_objective_without_a_calibration_says_that_its_scale_is_unknown(see, objective, viewer):
    assert "Not calibrated: the scale of its images is unknown." in see("/objectives/", viewer)


def test_who_may_not_calibrate_sees_and_changes_nothing(see, calibrated, micrometer, viewer, operator, make_user):
    for user in (viewer, operator):
        page = see("/objectives/", user)
        assert "0.5 µm/px" in page
        assert 'id="add"' not in page
        assert 'class="retire"' not in page
        assert 'id="calibrate"' not in see(f"/images/{micrometer.pk}/", user)
        see(calibrate_address(micrometer), user, status=403)
    see("/objectives/", make_user("eve"), status=403)


def test_the_link_to_objectives_is_for_those_who_use_them(see, viewer, operator, manager):
    assert [('href="/objectives/"' in see("/images/", user)) for user in (viewer, operator, manager)] == [
        *(False, True, True)
    ]


def test_a_picture_to_calibrate_on_is_offered_once_there_is_one(see, objective, micrometer):
    assert calibrate_address(micrometer) not in see("/objectives/")
    Image.objects.filter(pk=micrometer.pk).update(objective=objective)
    assert calibrate_address(micrometer) in see("/objectives/")
    Objective.objects.update(is_retired=True)
    assert calibrate_address(micrometer) not in see("/objectives/")


def test_the_page_to_calibrate_names_camera_and_picture(see, micrometer, objective):
    page = see(calibrate_address(micrometer))
    assert "PL-D752, 775001234" in page
    assert f'data-shown="/api/v1/images/{micrometer.pk}/file"' in page
    assert 'data-width="64" data-height="48"' in page
    assert 'href="/images/' in page


def options(page: str) -> list[tuple[str, bool]]:
    select = re.search('<select id="objective".*?</select>', page)[0]
    return [(name, "selected" in fields) for fields, name in re.findall("<option([^>]*)>([^<]*)<", select)]


@pytest.mark.django_db(transaction=True)
def test_the_objective_in_use_is_chosen_beforehand_unless_the_picture_says_another(
    see, micrometer, objective, operator
):
    other = Objective.objects.create(name="40x", magnification=40)
    Objective.objects.create(name="old", magnification=5, is_retired=True)
    address = calibrate_address(micrometer)
    assert options(see(address)) == [("Choose one", False), ("10x", False), ("40x", False)]
    assert options(see(f"{address}?objective={other.pk}")) == [("10x", False), ("40x", True)]
    choose_objective(objective.pk, operator)
    assert options(see(address)) == [("10x", True), ("40x", False)]
    Image.objects.filter(pk=micrometer.pk).update(objective=other)
    assert options(see(address)) == [("40x", True)]


def test_without_an_objective_the_page_says_what_to_do(see, micrometer):
    assert "There are no objectives yet." in see(calibrate_address(micrometer))


def test_a_format_that_browsers_cannot_show_is_calibrated_on_a_copy_of_full_size(see, micrometer, objective):
    Image.objects.filter(pk=micrometer.pk).update(image_format="tiff")
    page = see(calibrate_address(micrometer))
    assert f'data-shown="/api/v1/images/{micrometer.pk}/file?as=png"' in page


@pytest.mark.parametrize("address", ["/objectives/", "/images/{}/calibrate/", "/images/{}/"])
def test_what_people_wrote_is_never_markup_and_no_script_stands_in_a_page(see, calibrated, micrometer, address):
    Objective.objects.update(name=MARKUP)
    Image.objects.update(sample=MARKUP, objective=calibrated.objective, calibration=calibrated)
    page = see(address.format(micrometer.pk))
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=", page)
    assert "&lt;script&gt;alert" in page
    assert page.count("<h1") == 1


def test_a_simulated_picture_says_so_where_it_is_calibrated_on(see, keep_image):
    assert 'class="sim-tag">SIMULATED' in see(calibrate_address(keep_image(is_simulated=True)))


def test_an_image_shows_its_scale_by_whom_when_and_from_which_picture(see, keep_image, calibrated, micrometer):
    image = keep_image()
    fields = {
        "objective": calibrated.objective,
        "calibration": calibrated,
        "um_per_pixel_x": 1.0,
        "um_per_pixel_y": 0.5,
    }
    Image.objects.filter(pk=image.pk).update(**fields)
    page = see(f"/images/{image.pk}/")
    assert "1 \N{MULTIPLICATION SIGN} 0.5 µm/px ± 1.8 %" in page
    assert re.search(f'by mary, on <a href="/images/{micrometer.pk}/">image {micrometer.pk}</a>', page)
    assert 'data-um-per-pixel-x="1.0" data-um-per-pixel-y="0.5"' in page
    assert f'<a href="/images/?objective={calibrated.objective_id}">10x, NA 0.25</a>' in page


def test_an_image_of_unknown_scale_has_no_scale_bar_and_says_unknown(see, micrometer):
    page = see(f"/images/{micrometer.pk}/")
    assert '<dd id="scale">Unknown</dd>' in page
    assert "data-um-per-pixel" not in page
    assert re.search('id="tool-scale"[^>]*disabled', page)


def test_the_gallery_names_the_objective_that_it_is_narrowed_to(see, calibrated, micrometer):
    Image.objects.filter(pk=micrometer.pk).update(objective=calibrated.objective)
    page = see(f"/images/?objective={calibrated.objective_id}")
    assert f'data-id="{micrometer.pk}"' in page
    assert re.search("Objective.{,80}10x", page)
    assert "Objective: Enter a valid UUID." in see("/images/?objective=10x")


def test_the_live_page_has_a_place_for_objective_and_scale_bar(see, viewer):
    page = see("/", viewer)
    assert 'id="objective"' in page
    assert re.search('<p class="scale-bar" id="scale-bar" hidden>', page)


def test_the_page_costs_no_query_for_each_calibration(client, calibrated, micrometer, manager):
    client.force_login(manager)

    def count_queries() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get("/objectives/")
        return len(queries)

    before = count_queries()
    for length_um in range(20, 30):
        calibrate(calibrated.objective_id, micrometer.pk, Line(0, 0, 40, 0), length_um, by=manager)
    assert count_queries() == before
