"""OME-XML (schema 2016-06), which microscopy programs read: pixels, scale, time, exposure, camera, objective and
position, and the whole record as an annotation. Unknown values are left out."""

from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from images.errors import NotAnOriginal
from images.formats.xml import add, dump, replace_invalid_chars
from images.record.image import SCHEMA, bits_held, describe_picture, dump_record, load_record, pixel_size_um
from images.record.sums import find_exposure_ms, read_sum

NAMESPACE = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
# The schema's numbers have 32 bits, and a size of zero is not allowed.
MIN_SIZE_UM = 2.0**-126
BINNINGS = ("1x1", "2x2", "4x4", "8x8")


def make_ome(record: dict[str, Any]) -> bytes:
    """Return the OME-XML in UTF-8. It is bytes, because TIFF libraries write text as ASCII and would lose the µ of
    µm."""
    location = f"{NAMESPACE} {NAMESPACE}/ome.xsd"
    root = Element("OME", {"xmlns": NAMESPACE, "xmlns:xsi": XSI, "xsi:schemaLocation": location})
    root.attrib.update(replace_invalid_chars({"UUID": f"urn:uuid:{record['id']}", "Creator": record["software"]}))
    add(root, "Experimenter", ID="Experimenter:0", UserName=record["user"])
    _add_instrument(root, record)
    _add_image(root, record)
    annotations = add(root, "StructuredAnnotations")
    annotation = add(annotations, "CommentAnnotation", ID="Annotation:0", Namespace=SCHEMA)
    add(annotation, "Value", dump_record(record))
    return b'<?xml version="1.0" encoding="UTF-8"?>' + dump(root)


def find_record(ome: bytes) -> dict[str, Any]:
    """Return the record from an OME-XML of this program. Raises NotAnOriginal for any other text."""
    try:
        text = ome.rstrip(b"\0").decode("utf-8")
        if "<!" in text:
            # Without a document type there are no entities. Nested entities can expand to gigabytes.
            raise NotAnOriginal("It declares a document type, as none of ours does.")
        path = f"{{{NAMESPACE}}}StructuredAnnotations/{{{NAMESPACE}}}CommentAnnotation[@Namespace='{SCHEMA}']"
        value = ElementTree.fromstring(text).find(f"{path}/{{{NAMESPACE}}}Value")
    except (ValueError, ElementTree.ParseError) as problem:
        raise NotAnOriginal("It carries no OME-XML that can be read.") from problem
    return load_record("" if value is None else value.text or "")


def _add_instrument(root: Element, record: dict[str, Any]) -> None:
    camera, objective = record["camera"], record.get("objective")
    instrument = add(root, "Instrument", ID="Instrument:0")
    described = {"Manufacturer": camera["vendor"], "Model": camera["model"], "SerialNumber": camera["serialNumber"]}
    add(instrument, "Detector", ID="Detector:0", **described)
    if objective:
        optics = {"NominalMagnification": objective["magnification"], "LensNA": objective["numericalAperture"]}
        add(instrument, "Objective", ID="Objective:0", Model=objective["name"], **optics)


def _add_image(root: Element, record: dict[str, Any]) -> None:
    image = add(root, "Image", ID="Image:0", Name=record.get("sample"))
    add(image, "AcquisitionDate", record["capturedAt"])
    add(image, "ExperimenterRef", ID="Experimenter:0")
    if description := describe_picture(record):
        add(image, "Description", description)
    # The schema prescribes the order of the children. Validators reject any other.
    add(image, "InstrumentRef", ID="Instrument:0")
    if record.get("objective"):
        add(image, "ObjectiveSettings", ID="Objective:0")
    _add_pixels(image, record)
    add(image, "AnnotationRef", ID="Annotation:0")


def _add_pixels(image: Element, record: dict[str, Any]) -> None:
    samples, bits = 3 if record["image"]["isColour"] else 1, record["file"]["bits"]
    pixels = add(
        image,
        "Pixels",
        ID="Pixels:0",
        DimensionOrder="XYCZT",
        Type=f"uint{bits}",
        SignificantBits=bits_held(record),
        SizeX=record["image"]["width"],
        SizeY=record["image"]["height"],
        SizeC=samples,
        SizeZ=1,
        SizeT=1,
        BigEndian="false",
        Interleaved="true" if samples == 3 else "false",
    )
    pixels.attrib.update(_physical_size(record))
    channel = add(pixels, "Channel", ID="Channel:0:0", SamplesPerPixel=samples)
    # OME's word for how many frames make one picture.
    integration = summed.frames if (summed := read_sum(record)) else None
    settings = {"Gain": record["actual"]["gainDb"], "Binning": _binning(record), "Integration": integration}
    add(channel, "DetectorSettings", ID="Detector:0", **settings)
    # The one plane is in the first directory of the file.
    add(pixels, "TiffData", IFD=0, PlaneCount=1)
    _add_plane(pixels, record)


def _physical_size(record: dict[str, Any]) -> dict[str, str]:
    size_um = pixel_size_um(record)
    if size_um is None:
        return {}
    x, y = size_um
    if min(x, y) < MIN_SIZE_UM:
        return {}
    return {"PhysicalSizeX": str(x), "PhysicalSizeXUnit": "µm", "PhysicalSizeY": str(y), "PhysicalSizeYUnit": "µm"}


def _binning(record: dict[str, Any]) -> str | None:
    """Return the binning in OME's words; None if the camera left pixels out instead (subsampling)."""
    binning = record["actual"]["binning"]
    factors = f"{binning['x']}x{binning['y']}"
    if factors != "1x1" and binning["mode"] not in ("bin", "average"):
        return None
    return factors if factors in BINNINGS else "Other"


def _add_plane(pixels: Element, record: dict[str, Any]) -> None:
    """Add exposure and position. The stage's units are unknown; OME's word for a length of unknown unit is "reference
    frame"."""
    plane = add(pixels, "Plane", TheZ=0, TheT=0, TheC=0)
    if (exposure_ms := find_exposure_ms(record)) is not None:
        plane.attrib.update({"ExposureTime": str(exposure_ms), "ExposureTimeUnit": "ms"})
    for axis, place in record["position"].items():
        if place is not None:
            name = f"Position{axis.upper()}"
            plane.attrib.update({name: str(place), f"{name}Unit": "reference frame"})
