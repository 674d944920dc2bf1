"""Paddings that the exporter computes anew in every run, worked out once."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper


def fix_paddings(model: onnx.ModelProto, inputs: dict[str, NDArray[np.generic]]) -> None:
    """Replaces what the network computes as sizes of paddings by what comes out, in place.

    The paddings of TensorFlow's "same" convolutions follow from the size of the picture, which the
    exporter takes for unknown although only the number of pictures is: some hundred nodes that
    reckon with shapes, and paddings that ONNX Runtime cannot merge into the convolutions. Of a
    classifier for 128 pixels that is a sixth of its time.

    Args:
        model: of a fixed input size but for the number of pictures.
        inputs: any of that size, by name.
    """
    graph = model.graph
    padded = [node for node in graph.node if node.op_type == "Pad"]
    constant = {tensor.name for tensor in graph.initializer}
    computed = [node for node in padded if node.input[1] not in constant]
    if not computed:
        return
    names = [node.input[1] for node in computed]
    for node, sizes in zip(computed, _values(model, names, inputs), strict=True):
        name = f"{node.name}.sizes"
        graph.initializer.append(numpy_helper.from_array(sizes, name))
        node.input[1] = name
    drop_unused(graph)


def _values(
    model: onnx.ModelProto, names: list[str], inputs: dict[str, NDArray[np.generic]]
) -> list[NDArray[np.int64]]:
    """What comes out at inner values of the network."""
    opened = onnx.ModelProto()
    opened.CopyFrom(model)
    opened.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.INT64, None) for name in names
    )
    session = ort.InferenceSession(opened.SerializeToString(), providers=["CPUExecutionProvider"])
    values: list[NDArray[np.int64]] = session.run(names, inputs)
    return values


def drop_unused(graph: onnx.GraphProto) -> None:
    """Leaves only what the outputs depend on; the graph has no branches."""
    used = {output.name for output in graph.output}
    kept = []
    for node in reversed(graph.node):
        if used.intersection(node.output):
            kept.append(node)
            used.update(node.input)
    tensors = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(kept))
    graph.initializer.extend(tensors)
