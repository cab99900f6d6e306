"""The specimen under the simulated camera: a drawn section of colon, stained with haematoxylin and eosin.

The drawing works in optical density: each stain has a map of its amount, and the share of light that passes is
10 ** -(sum over the stains of amount * colour), the Beer-Lambert law as in Ruifrok and Johnston, "Quantification of
histochemical staining by color deconvolution", 2001. Structures have a size in pixels, so a larger sensor sees more
tissue, not larger cells. Maps are float32 [y, x] of the canvas: the picture and MARGIN_PX more on every side.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from PIL import Image

# Optical density per unit of stain for red, green, blue: the "H&E" vectors of the ImageJ colour deconvolution plugin.
HAEMATOXYLIN = (0.644, 0.717, 0.267)
EOSIN = (0.093, 0.954, 0.283)
GLASS_DENSITY = 0.012  # slide, mounting medium and cover glass

MARGIN_PX = 32  # wide enough that a nucleus on the picture's edge is stamped without clipping
GLAND_PITCH_PX = 214  # some fifty glands on 1920 x 1080
GLAND_REACH_PX = 170  # half the side of the window that one gland may change
EPITHELIUM_PX = 35  # height of the cells that line a gland
CELL_WIDTH_PX = 11.5
STROMA_CELL_PITCH_PX = 23
NUCLEUS_REACH_PX = 17
DIRECTIONS = 1024  # steps of a full turn in a gland's tables
TURNS = 32  # steps of a half turn in a nucleus's patches
VARIANTS = 8  # patches of one kind of nucleus per turn
FLOW_STEP_PX = 8  # the direction of the fibres is computed on a grid this coarse


@dataclass(frozen=True)
class Gland:
    """One gland in cross-section. The tables are float32 (DIRECTIONS,), by the angle as seen from its centre."""

    y_px: int
    x_px: int
    outline_px: np.ndarray  # distance of the outer wall
    goblet: np.ndarray  # 0 for an ordinary cell, up to 1 in the middle of a goblet cell


def draw_specimen(width: int, height: int, *, seed: int = 1) -> np.ndarray:
    """Return float32 (height, width, 3): the share, 0 to 1, of the lamp's red, green and blue light that passes each
    point."""
    random = np.random.default_rng(seed)
    shape = (height + 2 * MARGIN_PX, width + 2 * MARGIN_PX)
    glands = place_glands(random, shape)
    depth_px, goblet, owner = map_tissue(glands, shape)
    flow = find_flow(random, depth_px)
    haematoxylin, eosin = stain_tissue(random, depth_px, goblet, draw_fibres(random, shape, flow))
    nuclei = np.zeros(shape, np.float32)
    stamp_gland_nuclei(random, nuclei, glands, owner)
    stamp_stroma_nuclei(random, nuclei, depth_px, flow)
    picture = (slice(MARGIN_PX, -MARGIN_PX),) * 2
    amounts = np.stack([haematoxylin + 0.7 * nuclei, eosin * (1 - 0.4 * nuclei)], axis=-1)[picture]
    density = np.maximum(amounts, 0) @ np.array([HAEMATOXYLIN, EOSIN], np.float32) + np.float32(GLASS_DENSITY)
    return np.exp(density * np.float32(-np.log(10)))


def enlarge(grid: np.ndarray, shape: tuple[int, int], step_px: float) -> np.ndarray:
    """Enlarge a coarse grid smoothly to a map of this shape. The grid has one node per `step_px`, and starts one step
    outside the map."""
    box = (1.5, 1.5, 1.5 + shape[1] / step_px, 1.5 + shape[0] / step_px)
    return np.asarray(Image.fromarray(grid).resize(shape[::-1], Image.Resampling.BICUBIC, box=box))


def smooth_noise(random: Generator, shape: tuple[int, int], grain_px: float) -> np.ndarray:
    """Return a map of value noise of about -1 to 1, with grains of about `grain_px`."""
    nodes = (int(shape[0] / grain_px) + 3, int(shape[1] / grain_px) + 3)
    return enlarge(random.random(nodes, np.float32) * 2 - 1, shape, grain_px)


def ramp(field: np.ndarray, start: float, end: float) -> np.ndarray:
    """Return 0 if the field is below `start`, 1 if it is above `end`, and a smooth S between."""
    share = np.clip((field - np.float32(start)) * np.float32(1 / (end - start)), 0, 1)
    return share * share * (3 - 2 * share)


def place_glands(random: Generator, shape: tuple[int, int]) -> list[Gland]:
    """Place glands on a honeycomb with random shifts. Each is as large as its neighbours allow."""
    row_px = GLAND_PITCH_PX * 0.866
    row, column = np.indices((int(shape[0] / row_px) + 3, int(shape[1] / GLAND_PITCH_PX) + 3)).reshape(2, -1)
    shake_px = random.uniform(-0.23, 0.23, (2, row.size)) * GLAND_PITCH_PX
    y_px = (row - 0.7) * row_px + shake_px[0]
    x_px = (column - 0.7 + 0.5 * (row % 2)) * GLAND_PITCH_PX + shake_px[1]
    apart_px = np.hypot(y_px[:, None] - y_px, x_px[:, None] - x_px) + 1e6 * np.eye(row.size)
    room_px = np.clip(0.5 * apart_px.min(axis=1) * random.uniform(0.78, 1.12, row.size), 52, 96)
    return [shape_gland(random, int(y), int(x), room) for y, x, room in zip(y_px, x_px, room_px, strict=True)]


def shape_gland(random: Generator, y_px: int, x_px: int, radius_px: float) -> Gland:
    """Shape a round gland that is a little long and uneven, with some goblet cells."""
    direction = np.linspace(0, 2 * np.pi, DIRECTIONS, endpoint=False)
    outline = np.ones(DIRECTIONS)
    for lobes, unevenness in ((2, 0.2), (3, 0.09), (4, 0.05), (5, 0.04), (9, 0.015)):
        outline += unevenness * random.uniform(0.1, 1) * np.cos(lobes * direction + random.uniform(0, 2 * np.pi))
    outline_px = np.clip(outline * radius_px, 30, 150).astype(np.float32)
    cells = int(2 * np.pi * (radius_px - 12) / CELL_WIDTH_PX)
    place = direction * cells / (2 * np.pi)
    swelling = random.uniform(0.35, 1, cells) * (random.random(cells) < random.uniform(0.1, 0.6))
    goblet = swelling[place.astype(int)] * np.sqrt(np.sin(np.pi * (place % 1)))
    return Gland(y_px, x_px, outline_px, goblet.astype(np.float32))


def map_tissue(glands: list[Gland], shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give each point to the gland in which it lies deepest, so that crowded glands flatten each other.

    Return three maps: the distance inward from the wall of that gland in pixels (negative in the stroma), its goblet
    cells as in its table, and its place in the list (int16, -1 for none).
    """
    reach = np.arange(-GLAND_REACH_PX, GLAND_REACH_PX, dtype=np.float32)
    # A negative angle counts from the end of a table.
    direction = (np.arctan2(reach[:, None], reach) * (DIRECTIONS / (2 * np.pi))).astype(int)
    distance_px = np.hypot(reach[:, None], reach)
    maps: tuple[np.ndarray, ...]
    maps = np.full(shape, -75, np.float32), np.zeros(shape, np.float32), np.full(shape, -1, np.int16)
    for number, gland in enumerate(glands):
        corner = np.array([gland.y_px - GLAND_REACH_PX, gland.x_px - GLAND_REACH_PX])
        edges = np.clip([corner, corner + reach.size], 0, shape)
        window, seen = (tuple(map(slice, *ends.tolist())) for ends in (edges, edges - corner))
        toward = direction[seen]
        depth_px = gland.outline_px[toward] - distance_px[seen]
        deeper = depth_px > maps[0][window]
        for field, value in zip(maps, (depth_px, gland.goblet[toward], np.int16(number)), strict=True):
            np.copyto(field[window], value, where=deeper)
    return maps


def stain_tissue(random: Generator, depth_px: np.ndarray, goblet: np.ndarray, fibres: np.ndarray) -> list[np.ndarray]:
    """Return the amounts of haematoxylin and of eosin, without the nuclei."""
    waver, grain, clots = (smooth_noise(random, depth_px.shape, grain_px) for grain_px in (14, 2.3, 38))
    depth_px = depth_px + 2 * waver
    top_px = depth_px + 6 * waver - 5 * goblet - EPITHELIUM_PX
    stroma, lumen = ramp(depth_px, 1, -2), ramp(depth_px, -2, 1) * ramp(top_px, -2.5, 2)
    cells = 1 - stroma - lumen
    vacuole = goblet * ramp(depth_px, 15, 21)
    brush_border = np.exp(-((top_px + 3) ** 2) / 9)
    mucus = np.maximum(clots + 0.5 * waver + 0.12 * grain, 0)
    haematoxylin, eosin = stain_stroma(random, fibres, grain)
    haematoxylin = stroma * haematoxylin + lumen * (0.008 + 0.03 * mucus)
    haematoxylin += cells * (0.2 - 0.13 * vacuole + 0.04 * waver + 0.05 * grain)
    eosin = stroma * eosin + lumen * (0.008 + 0.045 * mucus)
    eosin += cells * (0.25 - 0.19 * vacuole + 0.1 * brush_border + 0.05 * waver + 0.05 * grain)
    return [haematoxylin, eosin]


def stain_stroma(random: Generator, fibres: np.ndarray, grain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return haematoxylin and eosin of the fibrous tissue between the glands: bundles of fibres with pale clefts."""
    bundles = smooth_noise(random, fibres.shape, 55)
    flesh = ramp(fibres + 0.8 * bundles, -2.1, -0.2)
    eosin = flesh * (0.205 + 0.09 * fibres + 0.06 * bundles + 0.02 * grain) + 0.035
    haematoxylin = flesh * (0.045 + 0.012 * fibres - 0.03 * bundles + 0.02 * grain) + 0.04
    return haematoxylin, np.maximum(eosin, 0.02)


def draw_fibres(random: Generator, shape: tuple[int, int], flow: np.ndarray) -> np.ndarray:
    """Return a map with mean 0 and deviation 1: noise of several grains, averaged along the flow over about 60
    pixels."""
    grains = ((1.2, 10), (1.5, 4.5), (1.8, 2.2))
    fibres = np.sum([share * smooth_noise(random, shape, grain_px) for share, grain_px in grains], axis=0)
    flow_y, flow_x = (enlarge(part, shape, FLOW_STEP_PX) for part in flow)
    here = np.arange(fibres.size, dtype=np.int32).reshape(shape)
    for step_px in (0.5, 1, 2, 4, 8, 16):  # each pass doubles the length of the average
        along_y, along_x = (np.rint(part * np.ceil(step_px)).astype(np.int32) for part in (flow_y, flow_x))
        ahead = along_y * np.int32(shape[1]) + along_x
        behind = fibres.take(here - ahead, mode="clip") if step_px >= 1 else fibres
        fibres = 0.5 * (fibres.take(here + ahead, mode="clip") + behind)
    return (fibres - fibres.mean()) / fibres.std()


def find_flow(random: Generator, depth_px: np.ndarray) -> np.ndarray:
    """Return float32 (2, coarse height, coarse width): unit vectors y and x of the fibres, which go around glands."""
    coarse = np.pad(depth_px, FLOW_STEP_PX, mode="edge")[::FLOW_STEP_PX, ::FLOW_STEP_PX]
    hill = np.maximum(coarse, -45) + 45 * smooth_noise(random, coarse.shape, 9)
    up_y, up_x = np.gradient(hill + 14 * smooth_noise(random, coarse.shape, 4))
    return np.stack([up_x, -up_y]) / (np.hypot(up_y, up_x) + np.float32(1e-3))


def nucleus_patches(random: Generator, length_px: float, width_px: float) -> np.ndarray:
    """Return float32 (TURNS, VARIANTS, side, side): nuclei of one kind, 0 outside, near 1 inside, with their long axis
    in the direction of the turn."""
    reach = np.arange(-NUCLEUS_REACH_PX, NUCLEUS_REACH_PX + 1, dtype=np.float32)
    turn = (np.arange(TURNS, dtype=np.float32) * np.float32(np.pi / TURNS))[:, None, None, None]
    y, x = reach[:, None], reach[None, :]
    size = random.uniform(0.78, 1.18, (2, VARIANTS, 1, 1)).astype(np.float32)
    along = (x * np.cos(turn) + y * np.sin(turn)) * (2 / length_px) * size[0]
    across = (y * np.cos(turn) - x * np.sin(turn)) * (2 / width_px) * size[1]
    sheet = (VARIANTS * reach.size, reach.size)
    dents, chromatin = (smooth_noise(random, sheet, px).reshape(VARIANTS, reach.size, -1) for px in (6, 2.1))
    radius = np.sqrt(along**2 + across**2) + 0.13 * dents
    body = ramp((1 - radius) * (width_px / 2), -0.9, 0.9)
    rim = np.exp(-(((radius - 0.85) * (width_px / 4)) ** 2))
    return (body * (0.66 + 0.34 * chromatin + 0.22 * rim)).astype(np.float32)


def stamp(random: Generator, nuclei: np.ndarray, patches: np.ndarray, places: np.ndarray) -> None:
    """Draw a nucleus at each place (y_px, x_px, turn in radians). Two that overlap become darker."""
    side = 2 * NUCLEUS_REACH_PX + 1
    corner = np.rint(places[:, :2]).astype(int) - NUCLEUS_REACH_PX
    fits = ((corner >= 0) & (corner + side <= nuclei.shape)).all(axis=1)
    corner, turn = corner[fits], np.rint(places[fits, 2] * (TURNS / np.pi)).astype(int) % TURNS
    variant = random.integers(VARIANTS, size=len(corner))
    strength = random.uniform(0.6, 1.1, len(corner)).astype(np.float32)
    for number, (top, left) in enumerate(corner.tolist()):
        window = nuclei[top : top + side, left : left + side]
        window += patches[turn[number], variant[number]] * strength[number] * (1 - 0.6 * window)


def look_up(field: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the value of the field at each place. A place outside gets the value of the nearest point."""
    return field[tuple(np.clip(places[:, :2].astype(int), 0, np.array(field.shape) - 1).T)]


def stamp_gland_nuclei(random: Generator, nuclei: np.ndarray, glands: list[Gland], owner: np.ndarray) -> None:
    """Draw the ring of long nuclei at the base of each gland's cells. They stand upright on the wall."""
    patches = nucleus_patches(random, 20, 9.6)
    for number, gland in enumerate(glands):
        places = line_up_nuclei(random, gland)
        stamp(random, nuclei, patches, places[look_up(owner, places) == number])


def line_up_nuclei(random: Generator, gland: Gland) -> np.ndarray:
    """Return float (cells, 3): y_px, x_px and turn of the nuclei of one gland."""
    slope_px = np.gradient(gland.outline_px, 2 * np.pi / DIRECTIONS)
    length_px = np.cumsum(np.hypot(gland.outline_px, slope_px)) * (2 * np.pi / DIRECTIONS)
    cells = int(length_px[-1] * 0.86 / CELL_WIDTH_PX)
    at_px = (np.arange(cells) + random.uniform(-0.28, 0.28, cells)) * (length_px[-1] / cells)
    step = np.searchsorted(length_px, at_px % length_px[-1]) % DIRECTIONS
    direction = step * (2 * np.pi / DIRECTIONS)
    radius_px = gland.outline_px[step] - 10 - random.gamma(1.2, 2.6, cells)
    turn = direction - np.arctan((slope_px / gland.outline_px)[step]) + random.normal(0, 0.2, cells)
    return np.stack([gland.y_px + radius_px * np.sin(direction), gland.x_px + radius_px * np.cos(direction), turn], 1)


def stamp_stroma_nuclei(random: Generator, nuclei: np.ndarray, depth_px: np.ndarray, flow: np.ndarray) -> None:
    """Draw thin nuclei of fibroblasts along the fibres, and the small round ones of lymphocytes in loose crowds."""
    cell = np.indices([int(size / STROMA_CELL_PITCH_PX) for size in nuclei.shape]).reshape(2, -1).T
    places = (cell + random.random(cell.shape)) * STROMA_CELL_PITCH_PX
    places = places[look_up(depth_px, places) < -6]
    along_y, along_x = (look_up(part, places / FLOW_STEP_PX + 1.5) for part in flow)
    places = np.column_stack([places, np.arctan2(along_y, along_x) + random.normal(0, 0.25, len(places))])
    crowd = look_up(smooth_noise(random, nuclei.shape, 90), places) + random.normal(0, 0.5, len(places))
    stamp(random, nuclei, nucleus_patches(random, 21, 5.6), places[crowd < -0.18])
    stamp(random, nuclei, nucleus_patches(random, 11, 9.4), places[crowd > 0.25])


def blur(image: np.ndarray, sigma_px: float) -> np.ndarray:
    """Blur like a defocus, by a Gaussian of `sigma_px`. float32 (height, width) or (height, width, 3) in and out. The
    mean stays the same.

    It makes three passes of an extended box along each axis (Gwosdek and others, "Theoretical foundations of Gaussian
    convolution by extended box filtering", 2011). So every sigma, not only those of whole boxes, gives its own
    sharpness.
    """
    blurred = np.asarray(image, np.float32)
    if sigma_px <= 0:
        return blurred.copy()
    for _axis in range(2):
        for _pass in range(3):
            blurred = average_rows(blurred, sigma_px**2 / 3)
        blurred = np.ascontiguousarray(blurred.swapaxes(0, 1))
    return blurred


def average_rows(image: np.ndarray, variance: float) -> np.ndarray:
    """Average with one box of this variance along axis 0: whole rows within the reach, and a share of the next row at
    each end."""
    reach = int((np.sqrt(1 + 12 * variance) - 1) / 2)
    end_share = (2 * reach + 1) * (variance - reach * (reach + 1) / 3) / (2 * ((reach + 1) ** 2 - variance))
    rows = np.pad(image, [(reach + 1, reach + 1)] + [(0, 0)] * (image.ndim - 1), mode="symmetric")
    averaged = np.empty_like(image)
    total = rows[1 : 2 * reach + 2].sum(axis=0)
    for row, average in enumerate(averaged):
        last = rows[row + 2 * reach + 2]
        np.multiply(rows[row] + last, np.float32(end_share), out=average)
        average += total
        total += last
        # A running sum: the time does not depend on the width of the box.
        total -= rows[row + 1]
    averaged /= np.float32(2 * reach + 1 + 2 * end_share)
    return averaged
