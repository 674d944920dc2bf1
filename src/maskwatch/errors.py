"""Everything that maskwatch raises on purpose.

::

    MaskwatchError
    ├── SourceError          a source cannot be read; names it and the reason
    │   ├── SourceNotFound   no such file, folder, or nothing matches a glob
    │   ├── UnreadableImage  not an image, truncated, empty
    │   ├── ImageTooLarge    over the stated pixel limit (decompression bombs)
    │   ├── UnreadableVideo  no video stream, damaged beyond use
    │   └── SourceLost       a live source stopped delivering
    ├── OutputError          a result cannot be written (disk full, no permission)
    ├── ModelError           a model file or its card cannot be used
    │   ├── ModelNotFound
    │   ├── ChecksumMismatch
    │   └── CardError        the card does not fit the model or this version
    ├── MissingExtra         an optional package is needed; names the extra to install
    └── UsageError           the request itself makes no sense
"""

from __future__ import annotations


class MaskwatchError(Exception):
    """Base of all errors that maskwatch raises on purpose."""


class SourceError(MaskwatchError):
    """A source cannot be read.

    Args:
        source: path or URL as given, with any password masked.
        reason: one short clause for people, without a full stop.
    """

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason


class SourceNotFound(SourceError):
    """No such file or folder, or nothing matches."""


class UnreadableImage(SourceError):
    """The file is not an image, or is damaged."""


class ImageTooLarge(SourceError):
    """The image has more pixels than the limit allows."""


class UnreadableVideo(SourceError):
    """The file has no video stream, or nothing in it can be decoded."""


class SourceLost(SourceError):
    """A live source stopped delivering frames."""


class OutputError(MaskwatchError):
    """A result cannot be written.

    Args:
        path: where it should have gone.
        reason: one short clause for people, without a full stop.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class ModelError(MaskwatchError):
    """A model file or its card cannot be used."""


class ModelNotFound(ModelError):
    """The model folder or one of its files is missing."""


class ChecksumMismatch(ModelError):
    """The model file is not the one that its card describes."""


class CardError(ModelError):
    """The card is unreadable, incomplete, or does not fit the model."""


class MissingExtra(MaskwatchError):
    """An optional package is needed.

    Args:
        what: the feature that needs it.
        extra: the extra of this package that installs it.
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an extra: pip install 'maskwatch[{extra}]'")
        self.extra = extra


class UsageError(MaskwatchError):
    """The request itself makes no sense; the message says what would."""
