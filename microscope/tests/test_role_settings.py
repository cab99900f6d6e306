"""The settings that make a program an instrument or a library. What is missing, or does not fit, ends the start."""

import socket

import pytest
from django.core.management import CommandError

from images.models import Image, Instrument
from images.roles import require_rows_of_this_role
from images.tests.conftest import keep_image, keep_original  # noqa: F401 (fixtures)
from microscope.management.commands.serve import begin
from microscope.start.database.address import SQLITE
from microscope.start.role_checks import (
    check_driver_of_role,
    check_role,
    check_rows_of_role,
    check_settings_of_role,
)
from microscope.start.startup import Startup
from microscope.tests.starting import assert_one_sentence, print_setting, run_command

POSTGRESQL = "django.db.backends.postgresql"
# Nobody listens there: no check needs the database to answer.
POSTGRES = {"DATABASE_URL": "postgres://microscope:hidden@127.0.0.1:1/microscope"}
STORE = {"S3_BUCKET": "pictures", "S3_ACCESS_KEY": "access", "S3_SECRET_KEY": "secret-of-the-store"}
LIBRARY = {"MICROSCOPE_ROLE": "library", "CAMERA_DRIVER": "", **POSTGRES, **STORE}
INSTRUMENT = {"MICROSCOPE_ROLE": "instrument", "CAMERA_DRIVER": "auto", **POSTGRES, **STORE}


@pytest.fixture
def choose(settings):
    """choose(MICROSCOPE_ROLE="library") changes settings that are right for an instrument, and says what is wrong."""

    def change(**values) -> str:
        right = {"MICROSCOPE_ROLE": "instrument", "CAMERA_DRIVER": "auto", "S3_BUCKET": "pictures", "BACKUP_TO": None}
        for name, value in {**right, **values}.items():
            setattr(settings, name, value)
        settings.DATABASE = {"ENGINE": values.get("engine", POSTGRESQL)}
        found = [*check_role(), *check_driver_of_role(), *check_settings_of_role()]
        return " ".join(f"{one.msg} {one.hint}" for one in found)

    return change


def test_both_roles_need_what_all_share(choose):
    assert choose() == ""
    for role, driver in (("instrument", "auto"), ("library", "none")):
        said = choose(MICROSCOPE_ROLE=role, CAMERA_DRIVER=driver, engine=SQLITE)
        assert f"MICROSCOPE_ROLE={role} needs PostgreSQL. Set DATABASE_URL" in said
        said = choose(MICROSCOPE_ROLE=role, CAMERA_DRIVER=driver, S3_BUCKET="")
        assert f"MICROSCOPE_ROLE={role} needs an object store. Set S3_BUCKET" in said
    assert choose(MICROSCOPE_ROLE="", engine=SQLITE, S3_BUCKET="") == ""


def test_a_name_that_no_row_can_hold_is_refused(choose):
    assert "INSTRUMENT_NAME has more than 100 characters." in choose(INSTRUMENT_NAME="x" * 101)


def test_only_a_library_is_without_a_camera_and_it_always_is(choose):
    assert choose(MICROSCOPE_ROLE="library", CAMERA_DRIVER="none") == ""
    said = choose(MICROSCOPE_ROLE="library", CAMERA_DRIVER="simulated")
    assert "CAMERA_DRIVER is simulated, but a library has no camera. Set it to none" in said
    for role in ("", "instrument"):
        assert "needs MICROSCOPE_ROLE=library" in choose(MICROSCOPE_ROLE=role, CAMERA_DRIVER="none")


@pytest.mark.parametrize(
    ("name", "value"), [("BACKUP_TO", "/b"), ("KEEP_LOCAL_DAYS", 30), ("JOB_PING_URL", "https://a")]
)
def test_what_would_do_nothing_on_a_library_is_refused(choose, name, value):
    said = choose(MICROSCOPE_ROLE="library", CAMERA_DRIVER="none", **{name: value})
    assert f"{name} is set, but a library keeps no originals and runs no jobs." in said


@pytest.mark.long
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"MICROSCOPE_ROLE": "server"}, "it must be one of instrument, library, or empty"),
        ({**LIBRARY, "INSTRUMENT_URL": "scope-1"}, "INSTRUMENT_URL=(hidden): it must be an address such as"),
        ({**LIBRARY, "DATABASE_URL": ""}, "MICROSCOPE_ROLE=library needs PostgreSQL."),
    ],
)
def test_half_a_role_ends_the_start_with_what_to_set(tmp_path, values, said):
    result = run_command("check", **{"DATA_PATH": str(tmp_path), "DATABASE_URL": "", **values})
    assert_one_sentence(result, said)


@pytest.mark.long
@pytest.mark.parametrize("values", [LIBRARY, INSTRUMENT])
def test_a_whole_role_is_taken_also_while_the_database_is_away(tmp_path, values):
    result = run_command("check", DATA_PATH=str(tmp_path), **values)
    assert result.returncode == 0, result.stderr


@pytest.mark.long
def test_a_library_has_no_camera_unless_somebody_asks_for_one(tmp_path):
    assert print_setting("CAMERA_DRIVER", DATA_PATH=str(tmp_path), **LIBRARY) == "'none'"
    alone = {"DATA_PATH": str(tmp_path), "DATABASE_URL": "", "CAMERA_DRIVER": ""}
    assert print_setting("CAMERA_DRIVER", **alone) == "'auto'"
    assert print_setting("INSTRUMENT_NAME", **alone) == ascii(socket.gethostname())


@pytest.mark.long
def test_nodes_of_one_library_know_each_others_cookies_and_instruments_do_not(tmp_path):
    names = [
        print_setting("SESSION_COOKIE_NAME", DATA_PATH=str(tmp_path / folder), SECRET_KEY="k" * 40, **values)
        for folder, values in (("a", LIBRARY), ("b", LIBRARY), ("c", INSTRUMENT), ("d", INSTRUMENT))
    ]
    assert names[0] == names[1]
    assert len(set(names)) == 3


# The rows


pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def begin_now(archive):
    """begin_now() starts up like the server."""
    started = []

    def start(say=lambda line: None) -> Startup:
        started.append(Startup(say, retry_s=0.05))
        return started[-1]

    yield start
    for startup in started:
        startup.end()


@pytest.mark.on_postgresql
@pytest.mark.parametrize("role", ["instrument", "library"])
def test_images_of_a_pc_that_was_alone_are_not_mixed_with_those_of_instruments(role, settings, keep_image, begin_now):  # noqa: F811
    require_rows_of_this_role()
    keep_image()
    settings.MICROSCOPE_ROLE = role
    (found,) = check_rows_of_role()
    assert found.id == "microscope.E013" and "manage.py join" in found.hint
    startup = begin_now()
    with pytest.raises(CommandError, match=f"MICROSCOPE_ROLE is {role}. Run manage.py join"):
        begin(startup, startup._ended)
    Image.objects.update(instrument=Instrument.objects.create(name="scope-1"))
    assert check_rows_of_role() == []


@pytest.mark.on_postgresql
def test_a_pc_alone_does_not_start_on_the_database_of_several(settings, begin_now):
    Instrument.objects.create(name="scope-1")
    (found,) = check_rows_of_role()
    assert "MICROSCOPE_ROLE is not set" in found.msg and "Set MICROSCOPE_ROLE" in found.hint
    startup = begin_now()
    with pytest.raises(CommandError, match="belongs to several instruments"):
        begin(startup, startup._ended)
    settings.MICROSCOPE_ROLE = "library"
    assert check_rows_of_role() == []


@pytest.mark.on_postgresql
def test_if_the_database_comes_late_it_is_said_and_nothing_is_made_in_it(begin_now, django_user_model):
    lines = []
    startup = begin_now(lines.append)
    Instrument.objects.create(name="scope-1")
    assert startup._try_late_database() is False
    assert lines == [
        "The database belongs to several instruments, and MICROSCOPE_ROLE is not set. Set MICROSCOPE_ROLE to "
        "instrument, or to library on a server without a camera."
    ]
    assert not django_user_model.objects.exists()
