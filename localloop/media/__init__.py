"""What can be told of images, videos and sounds from their bytes: sizes, lengths, small pictures of them.

The files are strangers': nothing here trusts them, and a file that is broken is stored all the same and only tells
less. Pillow and PyAV are imported when the first file asks for them. PyAV is the extra ``video``; without it videos
and sounds tell nothing.
"""

from __future__ import annotations

from localloop.media.probe import probe
from localloop.media.thumbnails import MIMETYPE, Thumbnails, as_jpeg, fit

__all__ = ["MIMETYPE", "Thumbnails", "as_jpeg", "fit", "probe"]
