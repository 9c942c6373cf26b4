"""What may call itself an image, and what is kept of it."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from pytest_django import Settings

from tenants.images import FileRefused, clean_images


def image_bytes(
    kind: str = "JPEG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: Any
) -> bytes:
    written = io.BytesIO()
    Image.new(mode, size, (200, 30, 30, 0)[: len(mode)]).save(written, kind, **options)
    return written.getvalue()


def clean(content: bytes, side: int = 2000, **options: Any) -> Image.Image:
    found = clean_images("a.jpg", content, longest_sides=(side,), **options)[0]
    return Image.open(io.BytesIO(found.content))


def refusal(content: bytes) -> str:
    with pytest.raises(FileRefused) as caught:
        clean_images("front.jpg", content, longest_sides=(2000,))
    return str(caught.value)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_it_takes_the_kinds_that_cameras_and_scanners_make(kind: str) -> None:
    assert clean(image_bytes(kind)).format == "JPEG"


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_it_refuses_other_kinds_of_image(kind: str) -> None:
    assert refusal(image_bytes(kind)) == (
        "front.jpg: this is no JPEG, PNG or WebP image; others are not accepted."
    )


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\x00" + bytes(400),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7\n" + bytes(100),
        b"just words",
    ],
)
def test_it_refuses_what_is_no_image_whatever_its_name(content: bytes) -> None:
    assert "this is no JPEG" in refusal(content)


def test_it_refuses_an_empty_file() -> None:
    assert refusal(b"") == "front.jpg: the file is empty."


def test_it_names_size_and_limit_of_a_file_that_is_too_large(settings: Settings) -> None:
    settings.MAX_UPLOAD_BYTES = 2 * 1024**2
    assert refusal(image_bytes() + bytes(3 * 1024**2)) == (
        "front.jpg: the file has 3 MB; at most 2 MB are accepted."
    )


def test_it_counts_pixels_by_the_header_before_it_decodes_any(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MAX_IMAGE_PIXELS = 1_000_000
    content = image_bytes("PNG", (2000, 1000), "L")
    monkeypatch.setattr(Image.Image, "convert", lambda *_: pytest.fail("decoded"))
    assert refusal(content) == ("front.jpg: the image has 2 million pixels; at most 1 million are accepted.")


def test_it_refuses_a_bomb_that_the_library_refuses_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    content = image_bytes("PNG", (300, 300), "L")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert "too many pixels" in refusal(content)


def test_it_refuses_an_image_that_is_cut_short() -> None:
    content = image_bytes("JPEG", (800, 600), quality=95)
    assert refusal(content[: len(content) // 2]).endswith("damaged and cannot be read to its end.")


def test_it_refuses_a_png_with_a_broken_middle() -> None:
    content = bytearray(image_bytes("PNG", (300, 300)))
    content[60:80] = bytes(20)
    assert refusal(bytes(content)).endswith("damaged and cannot be read to its end.")


def test_it_makes_a_large_image_smaller() -> None:
    assert clean(image_bytes(size=(3000, 1500))).size == (2000, 1000)


def test_it_never_makes_an_image_larger() -> None:
    assert clean(image_bytes(size=(64, 48))).size == (64, 48)


def test_it_turns_an_image_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert clean(image_bytes(size=(80, 40), exif=exif)).size == (40, 80)


def test_it_drops_where_and_with_what_the_picture_was_taken() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Maker of cameras"
    exif.get_ifd(0x8825)[1] = "N"
    assert not clean(image_bytes(exif=exif)).getexif()


def test_it_drops_comments_that_an_image_carries() -> None:
    assert "comment" not in clean(image_bytes(comment=b"<script>")).info


def test_it_prints_transparency_as_white() -> None:
    assert clean(image_bytes("PNG", mode="RGBA")).getpixel((5, 5)) == (255, 255, 255)


def test_it_keeps_transparency_when_asked() -> None:
    assert clean(image_bytes("PNG", mode="RGBA"), keep_transparency=True).mode == "RGBA"


def test_it_reads_an_image_with_a_palette() -> None:
    written = io.BytesIO()
    Image.new("P", (20, 20)).save(written, "PNG", transparency=0)
    assert clean(written.getvalue()).mode == "RGB"


def test_it_makes_one_copy_for_each_size() -> None:
    copies = clean_images("a.jpg", image_bytes(size=(1000, 500)), longest_sides=(400, 100))
    assert [(copy.width, copy.height) for copy in copies] == [(400, 200), (100, 50)]


def test_notes_of_a_camera_that_make_no_sense_do_not_refuse_its_picture() -> None:
    held_sideways = Image.Exif()
    held_sideways[0x0112], held_sideways[0x010F] = 6, "Maker"
    # The maker's name says that it is a number.
    senseless = held_sideways.tobytes().replace(b"\x01\x0f\x00\x02", b"\x01\x0f\x00\x01")
    assert clean(image_bytes(size=(64, 48), exif=senseless)).size == (48, 64)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_notes_of_a_camera_that_cannot_be_read_leave_the_picture_as_it_is() -> None:
    broken = b"Exif\0\0MM\0*\xff\xff\xff\xff"
    assert clean(image_bytes(size=(64, 48), exif=broken)).size == (64, 48)
