"""Each line of a `.env` file counts as it is written, or the start stops with a sentence that names the line."""

import shutil

import pytest
from django.core.exceptions import ImproperlyConfigured

from microscope.start import environment
from microscope.start.env_file import read_assignments
from microscope.tests.starting import ROOT, assert_one_sentence, copy_program, print_setting, run_command


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return copy_program(tmp_path_factory.mktemp("program"))


@pytest.fixture
def write_env(program):
    """write_env(content) returns the folder of a program with this `.env`."""

    def write(content: str | bytes):
        (program / ".env").write_bytes(content.encode() if isinstance(content, str) else content)
        return program

    yield write
    if (program / ".env").is_dir():
        (program / ".env").rmdir()
    (program / ".env").unlink(missing_ok=True)
    for left in program.iterdir():
        if left.is_dir() and left.name not in ("accounts", "camera", "folding", "images", "microscope"):
            shutil.rmtree(left)


def read(tmp_path, content: str | bytes) -> dict[str, str]:
    path = tmp_path / ".env"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return {name: one.value for name, one in read_assignments(path).items()}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (r'X="D:\Microscope\new\data"', r"D:\Microscope\new\data"),
        (r"X='D:\Microscope\new\data'", r"D:\Microscope\new\data"),
        (r"X=D:\Microscope\new\data", r"D:\Microscope\new\data"),
        (r"X=\\server\lab\new", r"\\server\lab\new"),
        ("X=/data/Lab#2", "/data/Lab#2"),
        ('X="/data/Lab #2"', "/data/Lab #2"),
        ('X="/data/Lab #2" # the second lab', "/data/Lab #2"),
        ("export X=3", "3"),
        ("  X  =  3  ", "3"),
        ("X=", ""),
        ('X=""', ""),
        ("X=' padded '", " padded "),
        ("X=it's $HOME `now` %PATH% ${Y}", "it's $HOME `now` %PATH% ${Y}"),
        ("X='say \"so\"'", 'say "so"'),
        ("X=a=b=c", "a=b=c"),
        ("X=ü ß 日本 \u2028 \x85 end", "ü ß 日本 \u2028 \x85 end"),
    ],
)
def test_a_value_counts_as_it_is_written(tmp_path, line, value):
    assert read(tmp_path, line) == {"X": value}


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "utf-16-be-bom"])
def test_the_first_line_counts_however_an_editor_saved_the_file(tmp_path, newline, encoding):
    text = newline.join(["PORT=3111", "", "# a comment ü", "HOST=0.0.0.0", ""])
    boms = {"utf-16-le-bom": ("utf-16-le", b"\xff\xfe"), "utf-16-be-bom": ("utf-16-be", b"\xfe\xff")}
    codec, bom = boms.get(encoding, (encoding, b""))
    assert read(tmp_path, bom + text.encode(codec)) == {"PORT": "3111", "HOST": "0.0.0.0"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\nPORT 3000", "Line 2 of {path} has no NAME=value"),
        (b"PORT=3000\nPORT=3001", "Line 2 of {path} sets PORT again after line 1"),
        (b"2PORT=3", 'Line 1 of {path} begins with "2PORT", which cannot be a name'),
        (b'X="open', "Line 1 of {path} has a quote that does not end"),
        (b'X="a"b"', "Line 1 of {path} goes on behind the closing quote"),
        (b"X=D:\\Lab #2", "Line 1 of {path} has a # after a space"),
        (b"PORT=1\nX=Laborger\xe4t", "Line 2 of {path} is not UTF-8"),
        (b"P\0O\0R\0T\0=\x001\0", "Line 1 of {path} is not UTF-8"),
        (b"\xff\xfeP", "Line 1 of {path} is not UTF-8"),
    ],
)
def test_a_line_that_cannot_be_understood_is_refused_by_its_number(tmp_path, content, said):
    with pytest.raises(ImproperlyConfigured) as refused:
        read(tmp_path, content)
    assert said.format(path=tmp_path / ".env") in str(refused.value)


def test_no_file_is_an_empty_one(tmp_path):
    assert read_assignments(tmp_path / ".env") == {}


def test_the_example_file_can_be_read_and_sets_nothing_but_settings():
    example = read_assignments(ROOT / ".env.example")
    assert {name: one.value for name, one in example.items()} == environment.DECLARED


def test_a_data_folder_of_windows_keeps_its_backslashes(write_env):
    folder = write_env('DATA_PATH="D:\\Microscope\\new\\data"\r\n')
    assert print_setting("DATA_PATH", folder=folder).endswith(r"D:\\Microscope\\new\\data')")


def test_the_environment_counts_before_the_file(write_env, tmp_path):
    folder = write_env("PORT=3111\nIMAGE_FORMAT=png")
    place = {"folder": folder, "DATA_PATH": str(tmp_path)}
    assert print_setting("PORT", **place) == "3111"
    assert print_setting("PORT", **place, PORT="3222") == "3222"
    assert print_setting("IMAGE_FORMAT", **place, PORT="3222") == "'png'"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DATAPATH", "DATA_PATH"),
        ("EXPOSURE_DEFAULT", "DEFAULT_EXPOSURE"),
        ("port", "PORT"),
        ("ALLOWED_HOST", "ALLOWED_HOSTS"),
    ],
)
def test_a_misspelt_name_stops_the_start_before_anything_is_made(write_env, name, meant):
    folder = write_env(f"# mine\n{name}=5")
    before = set(folder.iterdir())
    result = run_command("check", folder=folder)
    said = f"Line 2 of {folder / '.env'} sets {name}, which is not a setting. Is {meant} meant?"
    assert_one_sentence(result, said)
    assert set(folder.iterdir()) == before


def test_names_that_the_cameras_library_and_postgresql_read_are_passed_on(write_env, tmp_path):
    folder = write_env("PIXELINK_SDK_LIB=/opt/sdk/lib\nLD_LIBRARY_PATH=/opt/sdk/lib\nPGSSLMODE=require")
    code = "import os; print(os.environ['PIXELINK_SDK_LIB'], os.environ['PGSSLMODE'])"
    result = run_command("shell", "--no-imports", "--command", code, folder=folder, DATA_PATH=str(tmp_path))
    assert result.stdout.split() == ["/opt/sdk/lib", "require"], result.stderr


def test_a_value_that_makes_no_sense_is_told_with_its_line(write_env):
    folder = write_env("\nIMAGE_QUALITY=very good")
    place = f"(line 2 of {folder / '.env'})"
    assert_one_sentence(run_command("check", folder=folder), f"Invalid value IMAGE_QUALITY=very good {place}:")


def test_a_folder_of_that_name_is_told(program, write_env):
    (program / ".env").mkdir()
    assert_one_sentence(
        run_command("check", folder=program), f"The file {program / '.env'} cannot be read: it is a folder"
    )
