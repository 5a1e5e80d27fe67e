"""A plugin of pytest that compares figures with images of them in ``tests/images``.

``pytest tests/test_displays.py --draw-images`` draws the images anew. Only the minor release of
matplotlib and the release of FreeType that drew an image compare it, since others draw text
otherwise. The image names them.
"""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "images"
DPI = 50
TOLERANCE = 2  # root mean square, of 255


def pytest_addoption(parser):
    parser.addoption(
        "--draw-images", action="store_true", help="draw the images that tests compare"
    )


@pytest.fixture
def looks_as_before(request, tmp_path):
    """Return a function that compares a figure with the image of a name."""
    pyplot = pytest.importorskip("matplotlib.pyplot")

    def check(figure, name):
        image = FOLDER / f"{name}.png"
        if request.config.getoption("--draw-images"):
            figure.savefig(image, dpi=DPI, metadata={"Software": software()})
            pytest.skip(f"drew {image}")
        drew = software_of(image)
        if drew != software():
            pytest.skip(f"needs {drew}, which drew {image}")
        drawn = tmp_path / image.name
        figure.savefig(drawn, dpi=DPI)
        from matplotlib.testing.compare import compare_images

        difference = compare_images(image, drawn, tol=TOLERANCE)
        assert difference is None, difference

    with pyplot.style.context("default"):
        yield check


def software():
    """Name what decides how figures look."""
    import matplotlib
    from matplotlib.ft2font import __freetype_version__ as freetype

    minor = ".".join(matplotlib.__version__.split(".")[:2])
    return f"matplotlib {minor} with FreeType {freetype}"


def software_of(image):
    from PIL import Image

    with Image.open(image) as opened:
        return opened.info["Software"]
