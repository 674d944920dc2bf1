"""Training, evaluation and export of the models that maskwatch ships. Needs the extra [train]."""

import maskwatch  # noqa: F401 - first, so that ONNX Runtime reports to nobody
