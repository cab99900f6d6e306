"""Files that go out: an original, an exported file, a ZIP."""
