"""The service with models that see painted squares: python -m tests.end_to_end.service_program."""

from __future__ import annotations

from maskwatch.build import service
from maskwatch.cli.main import run
from maskwatch.config.inference import InferenceConfig
from maskwatch.runtime.monitoring.inference import SharedInference
from maskwatch.runtime.monitoring.service import ServiceModels
from tests.painted import SquareClassifier, SquareDetector


def painted(config: InferenceConfig) -> ServiceModels:
    inference = SharedInference(SquareDetector(), SquareClassifier(), batch=config.batch)
    return ServiceModels(inference, 0.5, "painted 1", "cpu")


if __name__ == "__main__":
    service.load_models = painted
    run()
