"""The images of the demonstration: one's own folder, or those that come with scikit-image."""

from __future__ import annotations

import shutil
from pathlib import Path

_SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp"}


def gather(own: Path | None, target: Path) -> list[Path]:
    """Copy the images into a folder of the demonstration, so that nothing of the user's can be touched.

    Args:
        own: The user's folder of images; those of scikit-image when it is None.
        target: Where to copy them.

    Returns:
        The copies, by name.

    Raises:
        SystemExit: There are no images.
    """
    if own is None:
        import skimage.data  # noqa: PLC0415 - an extra, wanted only without a folder of one's own

        own = Path(skimage.data.__file__).parent
    found = sorted(path for path in own.rglob("*") if path.suffix.lower() in _SUFFIXES and path.is_file())
    if not found:
        raise SystemExit(f"There are no images in {own}. Set DEMO_IMAGES to a folder that has some.")
    copies = []
    for path in found:
        copy = target / path.relative_to(own)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        copies.append(copy)
    return copies
