"""What other people's programs are shown, once for all of them."""

import pytest

from images.tests.readers.samples import Sample, make_samples


@pytest.fixture(scope="session")
def samples(tmp_path_factory) -> list[Sample]:
    return make_samples(tmp_path_factory.mktemp("samples"))


@pytest.fixture(scope="session")
def tiffs(samples) -> list[Sample]:
    return [sample for sample in samples if sample.image_format == "tiff"]
