"""An XMP packet (ISO 16684-1): the properties that picture programs and catalogues look for. It is UTF-8, and the same
in every format."""

from typing import Any
from xml.etree.ElementTree import Element, SubElement

from images.formats.exif import COMPOSITE, resolution_per_cm
from images.formats.tiff_directory import to_rational
from images.formats.xml import add, dump
from images.record.image import describe_picture
from images.record.sums import find_exposure_ms, read_sum

NAMESPACES = {
    "xmlns:dc": "http://purl.org/dc/elements/1.1/",
    "xmlns:xmp": "http://ns.adobe.com/xap/1.0/",
    "xmlns:xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "xmlns:tiff": "http://ns.adobe.com/tiff/1.0/",
    "xmlns:exif": "http://ns.adobe.com/exif/1.0/",
    "xmlns:exifEX": "http://cipa.jp/exif/1.0/",
}
# With this limit, the packet fits into one segment of a JPEG in any script. The record itself holds the whole text.
MAX_DESCRIPTION_LENGTH = 10_000
BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'.encode()
END = b'<?xpacket end="r"?>'


def make_xmp(record: dict[str, Any]) -> bytes:
    root = Element("x:xmpmeta", {"xmlns:x": "adobe:ns:meta/"})
    rdf = SubElement(root, "rdf:RDF", {"xmlns:rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#"})
    about = SubElement(rdf, "rdf:Description", {"rdf:about": "", **NAMESPACES})
    for name, value in plain_properties(record).items():
        if value:
            add(about, name, value)
    add_listed(about, "dc:creator", "rdf:Seq", record["user"])
    add_listed(
        about,
        "dc:description",
        "rdf:Alt",
        describe_picture(record)[:MAX_DESCRIPTION_LENGTH],
        **{"xml:lang": "x-default"},
    )
    return BEGIN + dump(root) + END


def plain_properties(record: dict[str, Any]) -> dict[str, str | None]:
    camera, exposure_s = record["camera"], to_rational((find_exposure_ms(record) or 0) / 1000)
    resolution = resolution_per_cm(record)
    return {
        "dc:identifier": f"urn:uuid:{record['id']}",
        "xmpMM:DocumentID": f"urn:uuid:{record['id']}",
        "xmp:CreateDate": record["capturedAt"],
        "xmp:CreatorTool": record["software"],
        "exif:DateTimeOriginal": record["capturedAt"],
        "exif:ExposureTime": exposure_s and "/".join(map(str, exposure_s)),
        "exif:ImageUniqueID": record["id"].replace("-", ""),
        "exifEX:CompositeImage": str(COMPOSITE) if read_sum(record) else None,
        "exifEX:BodySerialNumber": camera["serialNumber"],
        "exifEX:LensModel": (record.get("objective") or {}).get("name"),
        "tiff:Make": camera["vendor"],
        "tiff:Model": camera["model"],
        "tiff:XResolution": resolution and "/".join(map(str, resolution[0])),
        "tiff:YResolution": resolution and "/".join(map(str, resolution[1])),
        "tiff:ResolutionUnit": resolution and "3",
    }


def add_listed(parent: Element, name: str, kind: str, text: str, **attributes: str) -> None:
    if text:
        add(add(add(parent, name), kind), "rdf:li", text, **attributes)
