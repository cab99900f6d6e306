import csv
import io
import json
import zipfile
from datetime import timedelta

import numpy as np
import pytest
import tifffile
from PIL import Image as Picture

from camera.drivers.simulated.banner import draw_banner
from camera.drivers.simulated.frame import label_rows
from images.errors import NotAnOriginal
from images.export.convert import SCHEMA
from images.formats import FORMATS
from images.index.adoption import adopt_unlisted
from images.models import Image
from images.tests.frames import TAKEN_AT, make_pixels
from images.tests.records import SCALE

pytestmark = pytest.mark.django_db


@pytest.fixture
def deep(keep_image) -> Image:
    """An image of 12-bit mono as TIFF, without a scale."""
    return keep_image(image_format="tiff", pixels=make_pixels(bits=12, is_colour=False), bits=12)


@pytest.fixture
def scaled(deep) -> Image:
    Image.objects.filter(pk=deep.pk).update(um_per_pixel_x=0.5, um_per_pixel_y=0.5)
    return Image.objects.get(pk=deep.pk)


@pytest.fixture
def ask(api, viewer):
    """ask(image, "as=png") returns the answer to that export."""
    client = api(viewer)
    return lambda image, query="", **headers: client.get(f"/api/v1/images/{image.pk}/file?{query}", headers=headers)


def body(response) -> bytes:
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)


def original_pixels(archive, image: Image) -> np.ndarray:
    return FORMATS[image.image_format].read_pixels(archive.path_of(image.filename))


def export_record(content: bytes, tmp_path, extension: str) -> dict:
    """Return the record inside an export. The readers of originals must refuse the file."""
    path = tmp_path / f"export{extension}"
    path.write_bytes(content)
    with pytest.raises(NotAnOriginal):
        next(known for known in FORMATS.values() if known.extension == extension).read_record(path)
    with Picture.open(path) as picture:
        text = picture.info.get("microscope") or picture.info.get("comment")
    return json.loads(text)


class TestOneImage:
    def test_png_and_npy_keep_every_bit_of_a_deep_mono_picture(self, ask, archive, deep):
        pixels = original_pixels(archive, deep)
        png = np.asarray(Picture.open(io.BytesIO(body(ask(deep, "as=png")))))
        array = np.load(io.BytesIO(body(ask(deep, "as=npy"))), allow_pickle=False)
        assert (png.astype(np.uint16) == pixels).all()
        assert array.dtype == pixels.dtype and (array == pixels).all()

    def test_jpg_is_the_display_of_a_deep_picture(self, ask, archive, deep):
        picture = np.asarray(Picture.open(io.BytesIO(body(ask(deep, "as=jpg&quality=100")))))
        shown = original_pixels(archive, deep) >> 4
        assert np.abs(picture.astype(int) - shown).mean() < 2

    def test_a_jpeg_can_be_had_as_tiff(self, ask, keep_image, archive, tmp_path):
        image = keep_image()
        path = tmp_path / "export.ome.tif"
        path.write_bytes(body(ask(image, "as=tiff")))
        assert (FORMATS["tiff"].read_pixels(path) == original_pixels(archive, image)).all()

    def test_its_name_is_not_an_originals(self, ask, archive, deep):
        name = ask(deep, "as=png")["Content-Disposition"]
        stem = deep.filename.removesuffix(".ome.tif")
        assert name == f'attachment; filename="export_of_{stem}.png"'

    def test_its_record_says_what_it_was_made_from_by_whom_and_how(self, ask, tmp_path, scaled, viewer):
        record = export_record(body(ask(scaled, "as=jpg&quality=80&scaleBar=true")), tmp_path, ".jpg")
        assert record["schema"] == SCHEMA
        assert record["id"] != scaled.metadata["id"]
        assert record["actual"] == scaled.metadata["actual"]
        made = record["export"]
        assert made["of"] == {"id": scaled.metadata["id"], "filename": scaled.filename, "sha256": scaled.sha256}
        assert made["madeBy"] == viewer.username
        assert made["steps"] == [
            "A scale bar was drawn into the pixels at the bottom right.",
            "The upper 8 of 12 significant bits were kept.",
            "Encoded as lossy JPG with quality 80.",
        ]

    def test_an_export_put_into_the_archive_is_not_taken_for_an_image(self, ask, archive, deep):
        path = archive.path_of(deep.filename)
        content = body(ask(deep, "as=png"))
        path.with_name("capture_20250116_103045_999.png").write_bytes(content)
        path.with_name("export_of_capture_20250116_103045_123.png").write_bytes(content)
        assert adopt_unlisted(archive) == 0
        assert Image.objects.count() == 1

    def test_the_original_stays_as_it_is(self, ask, archive, scaled):
        before = archive.path_of(scaled.filename).read_bytes()
        for query in ("as=png&scaleBar=true", "as=jpg", "as=tiff&scaleBar=true", "as=npy", "scaleBar=1"):
            body(ask(scaled, query))
        assert archive.path_of(scaled.filename).read_bytes() == before
        assert [path.name for path in archive.path_of(scaled.filename).parent.iterdir()] == [scaled.filename]

    def test_a_scale_bar_is_burnt_in_at_full_depth(self, ask, archive, scaled):
        bare, burnt = (
            np.asarray(Picture.open(io.BytesIO(body(ask(scaled, f"as=png{more}"))))) for more in ("", "&scaleBar=true")
        )
        assert (bare != burnt).any()
        assert (burnt == 4095).sum() > (bare == 4095).sum()

    def test_a_scale_bar_on_a_jpeg_of_a_deep_frame_is_as_white_as_eight_bits_are(self, ask, keep_image):
        image = keep_image(pixels=np.full((48, 64), 2048, np.uint16), bits=12)
        Image.objects.filter(pk=image.pk).update(um_per_pixel_x=0.5, um_per_pixel_y=0.5)
        for wanted in ("png", "tiff"):
            burnt = np.asarray(Picture.open(io.BytesIO(body(ask(image, f"as={wanted}&scaleBar=true")))))
            assert burnt.dtype == np.uint8
            assert {0, 255} < set(burnt.ravel().tolist())

    @pytest.mark.parametrize("query", ["as=png", "as=jpg", "as=png&scaleBar=true", "as=jpg&scaleBar=true"])
    def test_one_for_slides_has_no_density_that_shrinks_it(self, ask, keep_image, query):
        """Slide programs would take a density of the specimen for a density on paper."""
        image = keep_image(scale=SCALE)
        Image.objects.filter(pk=image.pk).update(um_per_pixel_x=0.1625, um_per_pixel_y=0.325)
        content = body(ask(image, query))
        with Picture.open(io.BytesIO(content)) as picture:
            # Pillow guesses 72 if a JPEG has no density.
            assert picture.info.get("dpi", (72, 72)) == (72, 72) and picture.info.get("jfif_unit", 0) == 0
            assert not {0x011A, 0x011B, 0x0128} & set(picture.getexif())
        assert b"tiff:XResolution" not in content and b"pHYs" not in content

    def test_originals_and_tiff_keep_their_scale(self, ask, keep_image):
        image = keep_image(scale=SCALE, image_format="png")
        with Picture.open(io.BytesIO(body(ask(image)))) as picture:
            assert "dpi" in picture.info
        with tifffile.TiffFile(io.BytesIO(body(ask(image, "as=tiff")))) as tiff:
            assert 'PhysicalSizeX="0.1625"' in tiff.ome_metadata

    def test_no_scale_bar_is_invented(self, ask, deep):
        response = ask(deep, "as=png&scaleBar=true")
        assert response.status_code == 400
        assert response.json()["code"] == "scale_unknown"

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("as=gif", "as"),
            ("as=jpg&quality=0", "quality"),
            ("as=jpg&quality=101", "quality"),
            ("as=jpg&quality=high", "quality"),
            ("scaleBar=perhaps", "scaleBar"),
            ("as=png&rotate=90", "rotate"),
        ],
    )
    def test_nonsense_is_refused_by_name(self, ask, deep, query, field):
        response = ask(deep, query)
        assert response.status_code == 400
        assert list(response.json()["errors"]) == [field]

    def test_one_that_the_client_has_is_not_made_again(self, ask, deep):
        first = ask(deep, "as=png")
        assert ask(deep, "as=png", **{"If-None-Match": first["ETag"]}).status_code == 304
        assert ask(deep, "as=jpg", **{"If-None-Match": first["ETag"]}).status_code == 200

    def test_one_of_a_lost_or_damaged_original_is_told(self, ask, archive, deep):
        path = archive.path_of(deep.filename)
        path.write_bytes(path.read_bytes()[:-100])
        assert ask(deep, "as=png").status_code == 409
        path.unlink()
        assert ask(deep, "as=png").status_code == 404


class TestSimulated:
    """An export of a simulated picture is marked like its original."""

    @pytest.fixture
    def simulated(self, camera, archive, api, operator) -> Image:
        answer = api(operator).post("/api/v1/camera/capture", {"format": "tiff"}, format="json").json()
        Image.objects.filter(pk=answer["imageId"]).update(um_per_pixel_x=0.5, um_per_pixel_y=0.5)
        return Image.objects.get(pk=answer["imageId"])

    @pytest.mark.parametrize("query", ["", "&scaleBar=true"])
    def test_its_pixels_say_so(self, ask, archive, simulated, query):
        pixels = original_pixels(archive, simulated)
        rows = label_rows(simulated.height)
        said = np.where(draw_banner(simulated.width, rows) > 127, 255, 0)
        assert (pixels[:rows] == said[:, :, None]).all()
        array = np.load(io.BytesIO(body(ask(simulated, f"as=npy{query}"))))
        png = np.asarray(Picture.open(io.BytesIO(body(ask(simulated, f"as=png{query}")))))
        tiff = tifffile.imread(io.BytesIO(body(ask(simulated, f"as=tiff{query}"))))
        jpg = np.asarray(Picture.open(io.BytesIO(body(ask(simulated, f"as=jpg&quality=100{query}")))))
        for values in (array, png, tiff):
            assert (values[:rows] == pixels[:rows]).all()
            assert (values != pixels).any() == bool(query)
        assert ((jpg[:rows] > 127) == (pixels[:rows] > 127)).mean() > 0.99

    @pytest.mark.parametrize(("image_format", "extension"), [("jpg", ".jpg"), ("png", ".png")])
    def test_its_record_says_so(self, ask, simulated, tmp_path, image_format, extension):
        record = export_record(body(ask(simulated, f"as={image_format}")), tmp_path, extension)
        assert record["simulated"] is True

    def test_so_does_the_record_in_a_tiff(self, ask, simulated):
        content = body(ask(simulated, "as=tiff"))
        with tifffile.TiffFile(io.BytesIO(content)) as file:
            assert '"simulated": true' in str(file.ome_metadata).replace("&quot;", '"').replace('":t', '": t')


class TestZip:
    def unpack(self, response) -> tuple[zipfile.ZipFile, list[dict[str, str]]]:
        archive = zipfile.ZipFile(io.BytesIO(body(response)))
        assert archive.testzip() is None
        return archive, list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())))

    def test_a_selection_is_converted(self, api, viewer, keep_image, scaled):
        other = keep_image(taken_at=TAKEN_AT + timedelta(days=1))
        asked = {"ids": [scaled.pk, other.pk, 999_999], "as": "png", "scaleBar": True}
        archive, rows = self.unpack(api(viewer).post("/api/v1/images/zip", asked, format="json"))
        names = [
            "2025-01-16/export_of_capture_20250116_103045_123_scale_bar.png",
            "2025-01-17/export_of_capture_20250117_103045_123.png",
        ]
        assert archive.namelist() == [*names, "manifest.csv"]
        assert [row["status"] for row in rows] == ["ok", "no scale bar: scale unknown", "missing"]
        assert rows[0]["originalSha256"] == scaled.sha256
        assert Picture.open(io.BytesIO(archive.read(names[0]))).mode.startswith("I;16")

    @pytest.mark.parametrize("form", [{}, {"content_type": "application/x-www-form-urlencoded"}])
    def test_a_filter_and_a_form_can_ask_for_it_too(self, api, viewer, deep, form):
        if form:
            response = api(viewer).post("/api/v1/images/zip", f"ids={deep.pk}&as=npy", **form)
        else:
            response = api(viewer).get("/api/v1/images/zip?format=tiff&as=npy")
        archive, rows = self.unpack(response)
        assert archive.namelist()[0].endswith(".npy")
        assert rows[0]["filename"] == archive.namelist()[0]

    def test_nonsense_is_refused(self, api, viewer, deep):
        response = api(viewer).post("/api/v1/images/zip", {"ids": [deep.pk], "as": "gif"}, format="json")
        assert response.status_code == 400
        assert list(response.json()["errors"]) == ["as"]
