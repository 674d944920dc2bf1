"""Carries out a detect request: finds the sources, sets up the outputs, runs, reports."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from maskwatch import __version__
from maskwatch.build.detection import Detection, build_detection
from maskwatch.cli.progress import ProgressListener
from maskwatch.cli.request import DetectRequest
from maskwatch.cli.table import print_summary
from maskwatch.cli.window import Window
from maskwatch.errors import OutputError, SourceNotFound, UsageError
from maskwatch.frames.base import FrameSource, is_single_picture
from maskwatch.frames.discover import Discovery, SourceSpec, discover_all
from maskwatch.frames.sampling import Sampler
from maskwatch.frames.sniff import SourceKind
from maskwatch.frames.urls import mask_password, scheme_of
from maskwatch.outputs.base import EpisodeSink, FrameSink, PictureSink
from maskwatch.outputs.episodes import EpisodesFile
from maskwatch.outputs.files import STDOUT, STDOUT_NAME, make_folder, output_errors, write_text
from maskwatch.outputs.images import PictureFile
from maskwatch.outputs.ledger import LEDGER, note_names, note_sizes, written_names
from maskwatch.outputs.names import as_picture, plan_outputs
from maskwatch.outputs.rows import CsvSink, JsonlSink
from maskwatch.outputs.summary import RunSummary, summary_as_json
from maskwatch.outputs.terminal import err_console, out_console, say_error, say_note
from maskwatch.pipeline import LookSettings
from maskwatch.runtime.runs.ahead import PicturesAhead
from maskwatch.runtime.runs.behind import video_sink
from maskwatch.runtime.runs.session import NOT_LAST, Sinks


def run_detect(request: DetectRequest) -> RunSummary:
    """Does all that the request asks for, and reports on the consoles.

    Raises:
        UsageError: the request makes no sense.
        ModelError: a model cannot be used.
        MissingExtra: a package is missing that the request needs.
        OutputError: an output cannot be made in the first place.
    """
    errors = err_console()
    found = _discover(request)
    for error in found.errors:
        say_error(errors, error)
    if found.ignored and not request.quiet:
        note = f"other files passed over, no pictures or videos by name: {found.ignored}"
        say_note(errors, note)
    _check_that_live_is_last(found.specs)
    files = (_path(spec) for spec in found.specs if spec.is_file)
    request.check_inputs_are_safe(files)
    summary = _look(request, found, errors) if found.specs else RunSummary((), found.errors)
    summary = _write_summary(request, summary, errors)
    if request.quiet or request.json_summary == STDOUT:
        return summary
    written = _written_to(request, found.specs, summary)
    if request.prints_data:
        print_summary(errors, summary, written)
        return summary
    return _report(summary, written, errors)


def _look(request: DetectRequest, found: Discovery, errors: Console) -> RunSummary:
    """Runs the session over everything that was found."""
    with ExitStack() as stack:
        window = stack.enter_context(Window()) if request.show else None
        detection = build_detection(
            request.models,
            {spec.kind for spec in found.specs},
            score=request.score,
            min_face_px=request.min_face_px,
            blur=request.blur,
            looks=LookSettings(_interval_s(request), small_faces=request.small_faces),
            writes_video=request.annotate,
            needs_every_picture=request.show or request.every > 1 or request.max_fps is not None,
        )
        planned = _planned(request, found.specs)
        stack.callback(_note, note_sizes, request.folder, planned.values())
        listener = ProgressListener(
            errors,
            len(found.specs),
            request.quiet,
            should_stop=lambda: window is not None and window.quit_wanted,
        )
        opened = stack.enter_context(_opener(request, found.specs, listener, detection))
        session = detection.session(opened, _sinks(request, planned, window), listener)
        stack.enter_context(listener)
        return session.run(found.specs, found.errors)


def _interval_s(request: DetectRequest) -> float:
    return 1 / request.looks_per_s if request.looks_per_s else 0.0


def _opener(
    request: DetectRequest,
    specs: Sequence[SourceSpec],
    listener: ProgressListener,
    detection: Detection,
) -> AbstractContextManager[Callable[[SourceSpec], FrameSource]]:
    """What opens sources; it reads ahead unless there is to be one thread only."""

    def opened(spec: SourceSpec) -> FrameSource:
        return detection.open_source(
            spec,
            sampler=Sampler(request.every, request.max_fps),
            turn=request.turn,
            on_health=listener.connection_changed,
        )

    return PicturesAhead(opened, specs) if detection.shares.ahead else nullcontext(opened)


def _discover(request: DetectRequest) -> Discovery:
    """Everything that the request names, each source once however often it is named."""
    found = _without_own_output(discover_all(request.sources), request)
    once: dict[str, SourceSpec] = {}
    for spec in found.specs:
        once.setdefault(str(_path(spec).resolve()) if spec.is_file else spec.location, spec)
    return replace(found, specs=tuple(once.values()))


def _check_that_live_is_last(specs: Sequence[SourceSpec]) -> None:
    """Refuses what would never come to its turn.

    A web address may hold a recording: whether it is live shows when it is opened, and the session
    refuses it then.

    Raises:
        UsageError: a source that is live for certain is followed by others.
    """
    for spec in specs[:-1]:
        if not spec.is_file and scheme_of(spec.location) not in ("http", "https"):
            raise UsageError(f"{spec.name}: {NOT_LAST}")


def _without_own_output(found: Discovery, request: DetectRequest) -> Discovery:
    """Leaves out what earlier runs wrote into folders that are now looked through.

    A file that is named itself is looked at all the same.
    """
    own = functools.cache(written_names)
    named_themselves = frozenset(request.sources)
    kept = tuple(
        spec
        for spec in found.specs
        if not spec.is_file
        or spec.name in named_themselves
        or _path(spec).name not in own(_path(spec).parent)
    )
    errors = found.errors
    if found.specs and not kept:
        named = ", ".join(map(mask_password, request.sources))
        errors += (SourceNotFound(named, "only files that earlier runs annotated"),)
    return replace(found, specs=kept, errors=errors)


def _is_picture(spec: SourceSpec, source: FrameSource) -> bool:
    """Whether there is one picture; what a web address leads to shows when it is opened."""
    if spec.kind is SourceKind.STREAM:
        return is_single_picture(source)
    return spec.kind is SourceKind.IMAGE


def _sinks(request: DetectRequest, planned: dict[SourceSpec, Path], window: Window | None) -> Sinks:
    """Everything that results go to; files of a whole run are made at once.

    Args:
        request: says what is wanted.
        planned: corrected where a source, once open, gets another file.
        window: of the run, if it has one.
    """
    frames: list[FrameSink] = []
    if request.jsonl is not None:
        frames.append(JsonlSink(request.jsonl))
    if request.csv is not None:
        frames.append(CsvSink(request.csv))
    episodes: list[EpisodeSink] = []
    if request.episodes is not None:
        episodes.append(EpisodesFile(request.episodes))

    def pictures(spec: SourceSpec, source: FrameSource) -> list[PictureSink]:
        is_picture = _is_picture(spec, source)
        sinks: list[PictureSink] = []
        if window is not None:
            sinks.append(window.for_source(is_picture=is_picture))
        path = planned.get(spec)
        if path is not None and is_picture:
            if not spec.is_file:
                path = planned[spec] = as_picture(path, planned.values())
                _note(note_names, request.folder, [path])
            sinks.append(PictureFile(path))
        elif path is not None:
            sinks.append(video_sink(path, source.fps, request.models.threads))
        return sinks

    return Sinks(frames, episodes, pictures, is_summary_kept=request.json_summary is not None)


def _planned(request: DetectRequest, specs: Sequence[SourceSpec]) -> dict[SourceSpec, Path]:
    """The annotated output of each source that gets one; makes the folder."""
    annotated = _annotated(request, specs)
    if not annotated:
        return {}
    make_folder(request.folder)
    planned = plan_outputs(annotated, request.folder, written_names(request.folder))
    request.check_outputs_differ([*planned, request.folder / LEDGER])
    _note(note_names, request.folder, planned)
    return dict(zip(annotated, planned, strict=True))


def _note(what: Callable[[Path, Iterable[str]], None], folder: Path, paths: Iterable[Path]) -> None:
    """Puts files into the ledger of their folder; that it cannot be written is only told."""
    try:
        what(folder, (path.name for path in paths))
    except OutputError as error:
        # The pictures may still find their place, and each that does not is an error of its own.
        consequence = "later runs take what is annotated here for originals and keep it"
        say_note(err_console(), f"{error}: {consequence}")


def _annotated(request: DetectRequest, specs: Sequence[SourceSpec]) -> list[SourceSpec]:
    """The sources that get annotated output: live ones would fill the disk unasked."""
    if not request.annotate:
        return []
    return [spec for spec in specs if request.out is not None or spec.is_file]


def _written_to(
    request: DetectRequest, specs: Sequence[SourceSpec], summary: RunSummary
) -> list[str]:
    """Where results lie, for the report."""
    failed = {error.path for error in summary.output_errors}
    annotated = {spec.name for spec in _annotated(request, specs)}
    seen = sum(source.frames > 0 and source.source in annotated for source in summary.sources)
    lost = sum(Path(path).parent == request.folder for path in failed)
    folders = [f"{request.folder}/"] if seen > lost else []
    # Without any source nobody has opened the others.
    targets = request.targets if specs else filter(None, [request.json_summary])
    return folders + [each for each in targets if each != STDOUT and each not in failed]


def _write_summary(request: DetectRequest, summary: RunSummary, errors: Console) -> RunSummary:
    """Writes the JSON summary if it is wanted; a failure is added to the summary returned."""
    if request.json_summary is None:
        return summary
    data = {"maskwatch": __version__, **summary_as_json(summary)}
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, indent=2)
    try:
        write_text(request.json_summary, text + "\n")
    except OutputError as error:
        say_error(errors, error)
        return replace(summary, output_errors=(*summary.output_errors, error))
    return summary


def _report(summary: RunSummary, written: Sequence[str], errors: Console) -> RunSummary:
    """Prints the table; a failure is added to the summary returned."""
    try:
        with output_errors(STDOUT_NAME):
            print_summary(out_console(), summary, written)
    except OutputError as error:
        say_error(errors, error)
        return replace(summary, output_errors=(*summary.output_errors, error))
    return summary


def _path(spec: SourceSpec) -> Path:
    return Path(spec.location)
