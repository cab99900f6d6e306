"""OME-XML (schema 2016-06), which microscopy programs read: pixels, scale, time, exposure, camera, objective and
place, and the whole record as an annotation. What is not known is left out."""

from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from images.errors import NotAnOriginal
from images.formats.markup import add, dump, speakable
from images.record import SCHEMA, bits_held, describe_picture, dump_record, load_record, pixel_size_um

NAMESPACE = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
SMALLEST_SIZE_UM = 2.0**-126  # the schema's numbers have 32 bits, and a size of nothing is not allowed
BINNINGS = ("1x1", "2x2", "4x4", "8x8")


def make_ome(record: dict[str, Any]) -> bytes:
    """In UTF-8: as text, TIFF libraries would hand it on as ASCII, and the micro of µm with it."""
    location = f"{NAMESPACE} {NAMESPACE}/ome.xsd"
    root = Element("OME", {"xmlns": NAMESPACE, "xmlns:xsi": XSI, "xsi:schemaLocation": location})
    root.attrib.update(speakable({"UUID": f"urn:uuid:{record['id']}", "Creator": record["software"]}))
    add(root, "Experimenter", ID="Experimenter:0", UserName=record["user"])
    _add_instrument(root, record)
    _add_image(root, record)
    annotations = add(root, "StructuredAnnotations")
    annotation = add(annotations, "CommentAnnotation", ID="Annotation:0", Namespace=SCHEMA)
    add(annotation, "Value", dump_record(record))
    return b'<?xml version="1.0" encoding="UTF-8"?>' + dump(root)


def find_record(ome: bytes) -> dict[str, Any]:
    """The record in an OME-XML of ours. Raises NotAnOriginal for any other text."""
    try:
        text = ome.rstrip(b"\0").decode("utf-8")
        if "<!" in text:
            raise NotAnOriginal("It declares a document type, as none of ours does.")  # and so no entities to expand
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
    add(channel, "DetectorSettings", ID="Detector:0", Gain=record["actual"]["gainDb"], Binning=_binning(record))
    add(pixels, "TiffData", IFD=0, PlaneCount=1)
    _add_plane(pixels, record)


def _physical_size(record: dict[str, Any]) -> dict[str, str]:
    size_um = pixel_size_um(record)
    if size_um is None:
        return {}
    x, y = size_um
    if min(x, y) < SMALLEST_SIZE_UM:
        return {}
    return {"PhysicalSizeX": str(x), "PhysicalSizeXUnit": "µm", "PhysicalSizeY": str(y), "PhysicalSizeYUnit": "µm"}


def _binning(record: dict[str, Any]) -> str | None:
    """How many pixels were put together on the camera, in OME's words; None where some were left out instead."""
    addressing = record["actual"]["pixelAddressing"]
    factors = f"{addressing['x']}x{addressing['y']}"
    if factors != "1x1" and addressing["mode"] not in ("bin", "average"):
        return None
    return factors if factors in BINNINGS else "Other"


def _add_plane(pixels: Element, record: dict[str, Any]) -> None:
    """The stage speaks of its own units: OME's word for a length of unknown unit is reference frame."""
    plane = add(pixels, "Plane", TheZ=0, TheT=0, TheC=0)
    if record["actual"]["exposureMs"] is not None:
        plane.attrib.update({"ExposureTime": str(record["actual"]["exposureMs"]), "ExposureTimeUnit": "ms"})
    for axis, place in record["position"].items():
        if place is not None:
            name = f"Position{axis.upper()}"
            plane.attrib.update({name: str(place), f"{name}Unit": "reference frame"})
