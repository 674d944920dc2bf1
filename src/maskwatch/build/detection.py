"""What `maskwatch detect`, and a benchmark of it, looks at sources with."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial

from maskwatch.build.models import BuildOptions, build_classifier, build_detector
from maskwatch.frames.base import FrameSource
from maskwatch.frames.discover import SourceSpec
from maskwatch.frames.sniff import SourceKind
from maskwatch.pipeline import LookSettings
from maskwatch.runtime.runs.open import open_source
from maskwatch.runtime.runs.session import Models, Session, SessionListener, SessionSettings, Sinks
from maskwatch.runtime.runs.threads import Shares, share_threads
from maskwatch.tracks.tracker import TrackerSettings


@dataclass(frozen=True, slots=True)
class Detection:
    """Models that are loaded, and all that has to fit them."""

    models: Models
    settings: SessionSettings
    tracking: TrackerSettings
    shares: Shares
    open_source: Callable[..., FrameSource]
    """`maskwatch.runtime.runs.open.open_source`, but for what is the same for all sources."""

    def session(
        self,
        opened: Callable[[SourceSpec], FrameSource],
        sinks: Sinks,
        listener: SessionListener | None = None,
    ) -> Session:
        """What looks at sources once; see `Session`."""
        return Session(
            self.models, opened, sinks, self.settings, tracking=self.tracking, listener=listener
        )


def build_detection(
    options: BuildOptions,
    kinds: Collection[SourceKind],
    *,
    score: float | None = None,
    min_face_px: float = 0.0,
    blur: bool = False,
    looks: LookSettings | None = None,
    writes_video: bool = False,
    needs_every_picture: bool = False,
) -> Detection:
    """Loads the models, and shares the threads between them and what decodes.

    Args:
        options: which models; ``threads`` is what all have together.
        kinds: of all sources.
        score: from which detector score on faces count; None for what the model recommends.
        min_face_px: faces with a shorter side are left out.
        blur: see `SessionSettings`.
        looks: how often faces are looked for in videos.
        writes_video: whether every picture is written again.
        needs_every_picture: whether every one is wanted for another reason.

    Raises:
        UsageError: there is no detector or device of that name.
        ModelError: a file is missing, damaged, or cannot be run.
        MissingExtra: a model needs a package that is not installed.
    """
    looks = looks or LookSettings()
    shares = share_threads(options.threads, kinds, writes_video=writes_video)
    models = replace(options, threads=shares.models)
    detector = build_detector(models, score=score, floor=TrackerSettings().floor_score)
    spacing_s = 0.0 if writes_video or blur or needs_every_picture else looks.interval_s
    return Detection(
        Models(detector.detect, build_classifier(models)),
        SessionSettings(min_face_px, blur, looks),
        TrackerSettings().starting_from(detector.score),
        shares,
        partial(open_source, threads=shares.decoder, ahead=shares.ahead, spacing_s=spacing_s),
    )
