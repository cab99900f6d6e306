"""The OME-XML (schema 2016-06) of a whole job: an image for each position, and a plane for each true picture."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from uuid import uuid5
from xml.etree.ElementTree import Element

from images.formats.ome import NAMESPACE, XSI
from images.formats.xml import add, dump, replace_invalid_chars
from images.jobs.export.outcomes import Picture
from images.jobs.export.stacks.hyperstack import find_interval_s, find_spacing_um
from images.jobs.export.stacks.stack import Stack
from images.jobs.plan import Plan
from images.models import Job
from images.record.image import SIMULATED, format_time

JOB_NAMESPACE = "microscope.job"


def make_xml(job: Job, plan: Plan, stack: Stack, lost: Mapping[int, str]) -> bytes:
    """Return the OME-XML in UTF-8. `lost` says of some cells why they hold no picture after all: the text with more of
    them is never longer, because each loses its plane and gets a shorter line."""
    location = f"{NAMESPACE} {NAMESPACE}/ome.xsd"
    root = Element("OME", {"xmlns": NAMESPACE, "xmlns:xsi": XSI, "xsi:schemaLocation": location})
    # The same job has the same id in each export, so that a reader knows a second one for the same.
    root.attrib.update(replace_invalid_chars({"UUID": f"urn:uuid:{uuid5(job.lasting_id, 'ome-tiff')}"}))
    count = len(stack.cells) // stack.sizes[0]
    texts = []
    for position in range(stack.sizes[0]):
        first = position * count
        image = _add_image(root, job, plan, stack, position, first)
        add(image, "AnnotationRef", ID="Annotation:0")
        texts.append(b"".join(_describe_planes(stack, range(first, first + count), lost)))
    annotations = add(root, "StructuredAnnotations")
    annotation = add(annotations, "CommentAnnotation", ID="Annotation:0", Namespace=JOB_NAMESPACE)
    add(annotation, "Value", _name_missing(stack, lost))
    whole = dump(root)
    for position, text in enumerate(texts):
        whole = whole.replace(dump(Element(_mark(position))), text, 1)
    return b'<?xml version="1.0" encoding="UTF-8"?>' + whole


def _mark(position: int) -> str:
    """Return the name of the element whose place the planes take: a hundred thousand elements would fill the memory."""
    return f"planes-of-{position}"


def _add_image(root: Element, job: Job, plan: Plan, stack: Stack, position: int, first: int) -> Element:
    place = stack.cells[first].place[0]
    known = plan.positions[place] if plan.positions else None
    name = f"{job.name} {known.name or place + 1}" if known and len(plan.positions) > 1 else job.name
    image = add(root, "Image", ID=f"Image:{position}", Name=name)
    add(image, "AcquisitionDate", format_time(stack.first.captured_at))
    said = [
        SIMULATED if stack.is_simulated else "",
        stack.words_of_sum,
        f"{job.stored} of {job.expected} stored, {job.missed} missed",
    ]
    add(image, "Description", "\n".join(part for part in said if part))
    pixels = _add_pixels(image, job, plan, stack, position)
    samples = 3 if stack.is_colour else 1
    for number, channel in enumerate(stack.kept["c"]):
        label = plan.channels[channel].name if plan.channels else None
        add(pixels, "Channel", ID=f"Channel:{position}:{number}", Name=label, SamplesPerPixel=samples)
    add(pixels, "TiffData", IFD=first, PlaneCount=len(stack.cells) // stack.sizes[0])
    add(pixels, _mark(position))
    return image


def _add_pixels(image: Element, job: Job, plan: Plan, stack: Stack, position: int) -> Element:
    _, times, planes, channels = stack.sizes
    samples, (height, width, *_) = 3 if stack.is_colour else 1, stack.first.shape
    pixels = add(
        image,
        "Pixels",
        ID=f"Pixels:{position}",
        DimensionOrder="XYCZT",
        Type=f"uint{stack.first.bits}",
        SignificantBits=stack.significant_bits,
        SizeX=width,
        SizeY=height,
        SizeC=channels * samples,
        SizeZ=planes,
        SizeT=times,
        BigEndian="false",
        Interleaved="true" if samples == 3 else "false",
    )
    for axis, size_um in zip("XY", stack.um_per_pixel or (), strict=False):
        pixels.attrib.update({f"PhysicalSize{axis}": str(size_um), f"PhysicalSize{axis}Unit": "µm"})
    if (spacing_um := find_spacing_um(plan, stack)) is not None:
        pixels.attrib.update({"PhysicalSizeZ": str(spacing_um), "PhysicalSizeZUnit": "µm"})
    if (interval_s := find_interval_s(job, plan, stack)) is not None:
        pixels.attrib.update({"TimeIncrement": str(interval_s), "TimeIncrementUnit": "s"})
    return pixels


def _describe_planes(stack: Stack, numbers: range, lost: Mapping[int, str]) -> Iterator[bytes]:
    for number in numbers:
        cell = stack.cells[number]
        if cell.picture is not None and number not in lost:
            yield dump(_make_plane(stack, number, cell.picture))


def _make_plane(stack: Stack, number: int, picture: Picture) -> Element:
    _, _, planes, channels = stack.sizes
    rest, c = divmod(number % (len(stack.cells) // stack.sizes[0]), channels)
    t, z = divmod(rest, planes)
    delta_s = (picture.captured_at - stack.first.captured_at) / timedelta(seconds=1)
    places = {"TheZ": z, "TheT": t, "TheC": c}
    times = {"DeltaT": round(delta_s, 6), "DeltaTUnit": "s"}
    exposure = {"ExposureTime": picture.total_exposure_ms, "ExposureTimeUnit": "ms"}
    # The stage's units are unknown; OME's word for that is "reference frame".
    stage = {
        name: value
        for axis, place in zip("XYZ", picture.position, strict=True)
        if place is not None
        for name, value in ((f"Position{axis}", place), (f"Position{axis}Unit", "reference frame"))
    }
    return Element("Plane", replace_invalid_chars({**places, **times, **exposure, **stage}))


def _name_missing(stack: Stack, lost: Mapping[int, str]) -> str:
    lines = []
    for number, cell in enumerate(stack.cells):
        if number in lost and cell.outcome:
            lines.append(f"No. {cell.outcome.number} NOT HERE: {lost[number]}")
        elif cell.picture is None:
            lines.append(cell.absence)
    return "\n".join(["Blank planes, which hold no picture:", *lines]) if lines else "No plane is blank."
