"""The frames of the stand-in, and the pictures made from them.

The decoding is written here a second time, pixel by pixel from the vendor's descriptions. So a mistake in the
stand-in's packing does not confirm itself.
"""

import io

import numpy as np
import pytest
from PIL import Image

from camera.tests.standin.bench import SERIAL, START, STOP, Bench, on_bench
from camera.tests.standin.camera import StandinCamera
from camera.tests.standin.codes import Addressing, FeatureId, PixelFormat, ReturnCode
from camera.tests.standin.library import Library
from camera.tests.standin.loading import install

MONO_FORMATS = [pixel_format for pixel_format in PixelFormat if pixel_format.name.startswith("MONO")]
BAYER_FORMATS = [pixel_format for pixel_format in PixelFormat if pixel_format.name.startswith("BAYER")]
COLOUR_FORMATS = [PixelFormat.RGB24_DIB, PixelFormat.RGB24_NON_DIB, PixelFormat.BGR24, PixelFormat.RGB48]


colour = pytest.mark.parametrize("bench", [{"is_colour": True}], indirect=True)


@pytest.fixture
def bench(request):
    yield from on_bench(**getattr(request, "param", {}))


def plane_of(data: bytes, count: int, pixel_format: PixelFormat) -> list[int]:
    """Return the sample values of a MONO or BAYER frame, as numbers with the bits of the format."""
    name = pixel_format.name
    if "16" in name:
        return [data[2 * i] << 8 | data[2 * i + 1] for i in range(count)]
    if "12" in name:
        high, low = ((0, 1), 2) if name.endswith("MSFIRST") else ((0, 2), 1)
        groups = [(data[i // 2 * 3 + high[i % 2]], data[i // 2 * 3 + low]) for i in range(count)]
        return [top << 4 | (low >> 4 if i % 2 else low & 15) for i, (top, low) in enumerate(groups)]
    if "10" in name:
        return [data[i // 4 * 5 + i % 4] << 2 | data[i // 4 * 5 + 4] >> 2 * (i % 4) & 3 for i in range(count)]
    return list(data[:count])


def light(camera: StandinCamera, row: int, column: int, channel: int | None, descriptor) -> int:
    """Compute a pixel again, without addressing and flips; None means grey."""
    scene = camera.sensor.scene[row, column].astype(float)
    share = scene.mean() if channel is None else scene[channel]
    amount = descriptor.Shutter.fValue / 0.01 * 10 ** (descriptor.Gain.fValue / 20)
    full_scale = 2**camera.characteristics.significant_bits - 1
    return min(full_scale, int(share * amount * full_scale + 0.5))


class TestPixels:
    @pytest.mark.parametrize("pixel_format", MONO_FORMATS)
    def test_mono(self, bench, pixel_format):
        descriptor = bench.stream(exposure_s=0.005, pixel_format=pixel_format).frame()
        bits = {"MONO8": 8, "MONO16": 16, "MONO10_PACKED_MSFIRST": 10}.get(pixel_format.name, 12)
        values = plane_of(bench.pixels(descriptor), 64 * 96, pixel_format)
        true = [light(bench.camera, *divmod(i, 96), None, descriptor) for i in range(64 * 96)]
        assert values == [value << 4 if bits == 16 else value >> 12 - bits for value in true]
        assert descriptor.PixelFormat.fValue == pixel_format
        assert len(set(values)) > 20

    @pytest.mark.parametrize("pattern", ["GRBG", "RGGB", "GBRG", "BGGR"])
    @pytest.mark.parametrize("pixel_format", [3, 10, 16, 24, 26])
    def test_bayer_comes_in_the_sensors_own_pattern(self, pattern, pixel_format):
        camera = StandinCamera(SERIAL, is_colour=True, bayer_pattern=pattern, sensor_width=32, sensor_height=16)
        camera.stream_start_s = 0
        with install(Library([camera])) as library:
            bench = Bench(library, camera).stream(pixel_format=PixelFormat(pixel_format), exposure_s=0.004)
            descriptor = bench.frame()
            delivered = PixelFormat(int(descriptor.PixelFormat.fValue))
            assert pattern in delivered.name
            assert delivered.name[:7] == PixelFormat(pixel_format).name[:7]
            bits = int("".join(filter(str.isdigit, delivered.name)))
            values = plane_of(bench.pixels(descriptor), 512, delivered)
            places = [divmod(i, 32) for i in range(512)]
            true = [light(camera, y, x, "RGB".index(pattern[y % 2 * 2 + x % 2]), descriptor) for y, x in places]
            assert values == [value << 4 if bits == 16 else value >> 12 - bits for value in true]

    @colour
    @pytest.mark.parametrize("pixel_format", BAYER_FORMATS)
    def test_every_bayer_id_is_accepted(self, bench, pixel_format):
        assert bench.open().set(FeatureId.PIXEL_FORMAT, pixel_format) == 0
        assert bench.get(FeatureId.PIXEL_FORMAT) == [pixel_format]
        bench.set_stream(START)
        assert "GRBG" in PixelFormat(int(bench.frame().PixelFormat.fValue)).name

    @colour
    @pytest.mark.parametrize("pixel_format", COLOUR_FORMATS)
    def test_colour(self, bench, pixel_format):
        descriptor = bench.stream(exposure_s=0.006, pixel_format=pixel_format).frame()
        data = bench.pixels(descriptor)
        for row, column, channel in [(0, 0, 0), (0, 95, 1), (63, 0, 2), (30, 50, 0), (31, 51, 2)]:
            true = light(bench.camera, row, column, channel, descriptor)
            if pixel_format == PixelFormat.RGB48:
                at = (row * 96 + column) * 6 + 2 * channel
                assert data[at] | data[at + 1] << 8 == true << 4
                continue
            place = channel if pixel_format == PixelFormat.RGB24_NON_DIB else 2 - channel
            line = 63 - row if pixel_format == PixelFormat.RGB24_DIB else row
            assert data[(line * 96 + column) * 3 + place] == true >> 4

    @colour
    def test_yuv_has_luma_in_the_second_byte(self, bench):
        descriptor = bench.stream(exposure_s=0.006, pixel_format=PixelFormat.YUV422).frame()
        data = bench.pixels(descriptor)
        red, green, blue = (light(bench.camera, 30, 50, channel, descriptor) >> 4 for channel in range(3))
        assert data[(30 * 96 + 50) * 2 + 1] == pytest.approx(0.299 * red + 0.587 * green + 0.114 * blue, abs=1)
        corner = data[63 * 96 * 2 : 63 * 96 * 2 + 4]  # blue: much Cb, little Cr
        assert corner[0] > 128 > corner[2]

    def test_gain_and_saturation(self, bench):
        bright = bench.stream(exposure_s=0.01, gain_db=18.0, pixel_format=PixelFormat.MONO16).frame()
        values = plane_of(bench.pixels(bright), 64 * 96, PixelFormat.MONO16)
        assert max(values) == 4095 << 4
        assert values[95] == light(bench.camera, 0, 95, None, bright) << 4

    @pytest.mark.parametrize("mode", Addressing)
    def test_pixel_addressing(self, bench, mode):
        bench.open(exposure_s=0.002)
        bench.set(FeatureId.PIXEL_ADDRESSING, 2, mode, 2, 2)
        bench.set_stream(START)
        descriptor = bench.frame()
        values = plane_of(bench.pixels(descriptor), 32 * 48, PixelFormat.MONO8)
        block = [light(bench.camera, 20 + i // 2, 40 + i % 2, None, descriptor) for i in range(4)]
        true = {0: block[0], 1: sum(block) // 4, 2: sum(block), 3: sum(block) // 4}[mode]
        assert values[10 * 48 + 20] == true >> 4
        assert (descriptor.PixelAddressingValue.fHorizontal, descriptor.DecimationMode.fValue) == (2, mode)

    def test_a_begun_block_of_pixel_addressing_counts(self, bench):
        bench.open()
        assert bench.set(FeatureId.ROI, 0, 0, 88, 62) == 0
        assert bench.set(FeatureId.PIXEL_ADDRESSING, 3, 0) == 0
        bench.set_stream(START)
        assert bench.camera.expected_samples(bench.frame()).shape == (21, 30)

    @colour
    def test_flips_move_the_bayer_pattern(self, bench):
        bench.open()
        upright = self.grabbed(bench)
        bench.set(FeatureId.FLIP, 1, 0)
        flipped = self.grabbed(bench)
        assert (flipped[1], upright[1]) == ("BAYER8_RGGB", "BAYER8_GRBG")
        assert np.array_equal(flipped[0], upright[0][:, ::-1])

    def test_rotation_swaps_rows_and_columns(self, bench):
        bench.open()
        upright = self.grabbed(bench)[0]
        bench.set(FeatureId.ROTATE, 90)
        assert np.array_equal(self.grabbed(bench, (96, 64))[0], np.rot90(upright, -1))

    def grabbed(self, bench, shape=(64, 96)):
        bench.set_stream(START)
        descriptor = bench.frame()
        bench.set_stream(STOP)
        plane = np.frombuffer(bench.buffer, np.uint8)[: 64 * 96].reshape(shape).copy()
        return plane, PixelFormat(int(descriptor.PixelFormat.fValue)).name

    def test_numpy_frames(self, bench):
        bench.stream(pixel_format=PixelFormat.MONO16)
        wrong = np.zeros((64, 96), np.uint16)  # the wrapper counts elements, not bytes
        assert bench.api.getNextNumPyFrame(bench.handle, wrong) == (ReturnCode.ApiBufferTooSmall,)
        right = np.zeros((64, 192), np.uint8)
        code, descriptor = bench.api.getNextNumPyFrame(bench.handle, right)
        assert code == 0
        assert np.array_equal(right.view(">u2") >> 4, bench.camera.expected_samples(descriptor))


class TestFormatImage:
    @colour
    def test_raw_colour(self, bench):
        descriptor = bench.stream(exposure_s=0.006).frame()
        top_down = np.frombuffer(bench.formatted(descriptor, 4114), np.uint8).reshape(64, 96, 3)
        expected = bench.camera.sensor.scene[2, 2] * 0.6 * 255
        assert top_down[2, 2] == pytest.approx(expected, abs=2)
        assert top_down[0, 95].argmax() == 1
        assert top_down[63, 0].argmax() == 2
        dib = np.frombuffer(bench.formatted(descriptor, 4101), np.uint8).reshape(64, 96, 3)
        assert np.array_equal(dib[::-1, :, ::-1], top_down)
        bgr = np.frombuffer(bench.formatted(descriptor, 4130), np.uint8).reshape(64, 96, 3)
        assert np.array_equal(bgr[:, :, ::-1], top_down)
        deep = np.frombuffer(bench.formatted(descriptor, 4102), "<u2").reshape(64, 96, 3)
        assert np.array_equal(deep >> 8, top_down)

    @pytest.mark.parametrize("pixel_format", MONO_FORMATS)
    def test_raw_mono(self, bench, pixel_format):
        descriptor = bench.stream(exposure_s=0.006, pixel_format=pixel_format).frame()
        expected = (bench.camera.expected_samples(descriptor) >> 4).astype(np.uint8)
        assert bench.formatted(descriptor, 4096) == expected.tobytes()

    @colour
    @pytest.mark.parametrize("pixel_format", [*BAYER_FORMATS, *COLOUR_FORMATS, PixelFormat.YUV422])
    def test_every_colour_format_gives_the_same_picture(self, bench, pixel_format):
        descriptor = bench.stream(exposure_s=0.006, pixel_format=pixel_format).frame()
        picture = np.frombuffer(bench.formatted(descriptor, 4114), np.uint8).reshape(64, 96, 3)
        assert picture[30:34, 48:52].mean(axis=(0, 1)) == pytest.approx(
            bench.camera.sensor.scene[30:34, 48:52].mean(axis=(0, 1)) * 0.6 * 255, abs=3
        )
        assert picture[2, 2].argmax() == 0
        assert picture[2, 93].argmax() == 1
        assert picture[62, 2].argmax() == 2
        # Made in 16 bits, whatever the frame has.
        deep = np.frombuffer(bench.formatted(descriptor, 4102), "<u2").reshape(64, 96, 3)
        assert np.array_equal(deep >> 8, picture)

    @colour
    @pytest.mark.parametrize(("image_format", "name"), [(1, "TIFF"), (3, "JPEG"), (4, "PNG")])
    def test_files(self, bench, image_format, name):
        descriptor = bench.stream(exposure_s=0.006).frame()
        picture = Image.open(io.BytesIO(bench.formatted(descriptor, image_format)))
        assert (picture.format, picture.size, picture.mode) == (name, (96, 64), "RGB")

    @colour
    def test_needs_no_handle_but_sense(self, bench):
        descriptor = bench.stream().frame()
        bench.api.uninitialize(bench.handle)
        assert len(bench.formatted(descriptor, 4114)) == 96 * 64 * 3
        assert bench.api.formatImage(bench.buffer, descriptor, 99) == (ReturnCode.ApiInvalidParameterError,)
        assert bench.api.formatImage(bench.buffer, descriptor, 4096) == (ReturnCode.ApiInvalidParameterError,)
        descriptor.Roi.fWidth = float("nan")
        assert bench.api.formatImage(bench.buffer, descriptor, 4114) == (ReturnCode.ApiInvalidParameterError,)
