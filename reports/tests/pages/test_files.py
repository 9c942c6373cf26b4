"""Names and headers of the files that are handed out."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from reports.files import clean_photograph, content_disposition, file_response, is_unchanged, safe_name
from tenants.tests.test_images import image_bytes


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("front.jpg", "front.jpg"),
        ("..\\..\\windows\\front.jpg", "front.jpg"),
        ("../../etc/passwd", "passwd"),
        ('a"b.jpg', "a_b.jpg"),
        ("line\r\nSet-Cookie: x.jpg", "lineSet-Cookie_ x.jpg"),
        ("घर का फोटो.jpg", "घर का फोटो.jpg"),
        ("gpj.\u202ecod.jpg", "gpj.cod.jpg"),
        ("", "file"),
        ("...", "file"),
    ],
)
def test_it_makes_a_name_that_nothing_misreads(given: str, safe: str) -> None:
    assert safe_name(given) == safe


def test_it_shortens_a_long_name_and_keeps_its_ending() -> None:
    assert safe_name("x" * 300 + ".jpeg") == "x" * 95 + ".jpeg"


def test_a_photograph_bears_the_ending_of_what_it_became() -> None:
    assert clean_photograph("front.PNG", image_bytes("PNG")).name == "front.jpg"


def test_a_thumbnail_is_at_most_480_pixels_long() -> None:
    thumbnail = clean_photograph("front.jpg", image_bytes(size=(1200, 2400))).thumbnail
    assert (thumbnail.width, thumbnail.height) == (240, 480)


def test_it_gives_old_programs_an_ascii_name_and_others_the_whole() -> None:
    assert content_disposition("रिपोर्ट 7.pdf", download=True) == (
        "attachment; filename=\"7.pdf\"; filename*=UTF-8''"
        "%E0%A4%B0%E0%A4%BF%E0%A4%AA%E0%A5%8B%E0%A4%B0%E0%A5%8D%E0%A4%9F%207.pdf"
    )


def test_it_turns_slashes_of_a_reference_into_dashes() -> None:
    assert 'filename="AV-0042-23112026.pdf"' in content_disposition("AV/0042/23112026.pdf", download=False)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Content-Type", "image/jpeg"),
        ("X-Content-Type-Options", "nosniff"),
        ("ETag", '"abc"'),
        ("Cache-Control", "private, max-age=604800"),
    ],
)
def test_a_file_is_private_and_never_sniffed(header: str, value: str) -> None:
    response = file_response(b"...", content_type="image/jpeg", name="a.jpg", etag="abc")
    assert response[header] == value


@pytest.mark.parametrize(
    ("asked", "unchanged"),
    [('"abc"', True), ('W/"abc"', True), ('"x", "abc"', True), ('"x"', False), ("", False)],
)
def test_it_knows_what_the_browser_has(asked: str, unchanged: bool) -> None:
    request = RequestFactory().get("/", headers={"If-None-Match": asked} if asked else {})
    assert is_unchanged(request, "abc") is unchanged
