from __future__ import annotations

import pytest

from maskwatch.config.privacy import Photos, PrivacyConfig


def test_statistics_only_mode_allows_no_image_whatever_photos_says() -> None:
    for photos in Photos:
        privacy = PrivacyConfig(photos=photos, statistics_only=True)
        assert privacy.stored_photos is Photos.NONE
        assert not privacy.images_allowed


def test_photos_none_allows_no_image() -> None:
    assert not PrivacyConfig(photos=Photos.NONE).images_allowed
    assert PrivacyConfig(photos=Photos.CLEAR).images_allowed


@pytest.mark.parametrize("is_subject", [True, False])
@pytest.mark.parametrize("photos", Photos)
def test_only_clear_photos_show_a_face_and_only_that_they_are_about(
    photos: Photos, is_subject: bool
) -> None:
    assert photos.shows(is_subject=is_subject) is (photos is Photos.CLEAR and is_subject)
