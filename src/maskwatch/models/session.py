"""One place that opens ONNX Runtime sessions."""

from __future__ import annotations

from pathlib import Path

import onnxruntime as ort

from maskwatch.cores import quota
from maskwatch.errors import ModelError

CPU = "CPUExecutionProvider"
_PACKAGES = {
    "CUDAExecutionProvider": "onnxruntime-gpu",
    "DmlExecutionProvider": "onnxruntime-directml",
}
"""Where other builds of ONNX Runtime are to be had; that for macOS has Core ML anyway."""


def open_session(
    path: Path, *, threads: int | None = None, provider: str = CPU
) -> ort.InferenceSession:
    """An inference session on one provider.

    Args:
        path: the ONNX file.
        threads: of one inference; None takes what a container is limited to, and without such a
            limit leaves the choice to ONNX Runtime.
        provider: an ONNX Runtime execution provider, such as ``CUDAExecutionProvider``.

    Raises:
        ModelError: the provider is not in this build, ONNX Runtime fell back to another one,
            or the file is not a model.
    """
    if path.suffix == ".xml":
        raise ModelError(f"{path}: OpenVINO's format, which only maskwatch-train runs; take ONNX")
    if provider not in ort.get_available_providers():
        have = ", ".join(ort.get_available_providers())
        package = _PACKAGES.get(provider, "another build of it")
        raise ModelError(
            f"{provider} is not in this ONNX Runtime, which has {have}: "
            f"install {package} in its place"
        )
    ort.disable_telemetry_events()  # builds for Windows apps do not heed the environment
    options = ort.SessionOptions()
    options.log_severity_level = 3  # warnings about its own optimisations help no user
    # ONNX Runtime knows the cores that a process is kept to, but not how much time it is given.
    limit = threads or quota()
    if limit is not None:
        options.intra_op_num_threads = limit
    # Plans of memory are kept per shape of the input, and ours come in many.
    options.enable_mem_pattern = False
    # Idle threads must not spin: detector and classifier take turns on few cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = ort.InferenceSession(str(path), options, providers=[provider])
    except Exception as error:
        raise ModelError(f"{path}: not a model that ONNX Runtime can run: {error}") from error
    active = session.get_providers()[0]
    if active != provider:
        raise ModelError(f"{path}: asked for {provider}, ONNX Runtime chose {active}")
    return session
