"""Every parser of the written XML gets the same texts back."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from images.formats.xml import INVALID_XML_CHARS, add, dump
from images.tests.records import words

texts = words | st.text("&<>\"'\r\n\t\ufffe]µ細", max_size=20)


def replace_invalid_chars(text: str) -> str:
    return INVALID_XML_CHARS.sub("\N{REPLACEMENT CHARACTER}", text)


@given(texts, texts, texts)
def test_what_was_said_comes_back_whatever_its_characters(text, attribute, deeper):
    root = ElementTree.Element("root")
    child = add(root, "child", text, kept=attribute, left_out=None)
    add(child, "deeper", deeper)
    read = ElementTree.fromstring(dump(root))
    assert (read[0].text or "") == replace_invalid_chars(text)
    assert read[0].attrib == ({"kept": replace_invalid_chars(attribute)} if attribute else {})
    assert (read[0][0].text or "") == replace_invalid_chars(deeper)


@given(texts, texts)
def test_it_says_what_the_standard_library_would(text, attribute):
    root = ElementTree.Element("root", {"xmlns": "urn:x"})
    add(add(root, "child", text, said=attribute), "x:empty")
    ours, theirs = (ElementTree.canonicalize(xml.replace(b"x:", b"x-")) for xml in (dump(root), tostring(root)))
    assert ours == theirs


def tostring(root: ElementTree.Element) -> bytes:
    """The standard library's XML. It does not escape carriage returns, so that parsers turn them into line ends."""
    return ElementTree.tostring(root, encoding="utf-8").replace(b"\r", b"&#13;")
