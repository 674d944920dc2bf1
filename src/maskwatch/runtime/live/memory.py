"""The shared memory through which one frame at a time passes between two processes.

The reading side owns it, so that it is freed whatever becomes of the writing side. Its name goes as
soon as both have it: what then holds a picture ends with the processes, even if all are killed.
"""

from __future__ import annotations

from contextlib import suppress
from multiprocessing.shared_memory import SharedMemory
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from maskwatch.types import Image


class FrameReader:
    """The side that makes the memory and takes frames out."""

    def __init__(self) -> None:
        self._memory: SharedMemory | None = None

    def allocate(self, size: int) -> str:
        """Make room for ``size`` bytes in place of what was there; returns the new name."""
        self.free()
        self._memory = SharedMemory(create=True, size=size)
        return self._memory.name

    def read(self, height: int, width: int) -> Image:
        """A copy of the ``(height, width, 3)`` frame that lies there."""
        if self._memory is None:
            raise RuntimeError("no memory has been allocated")
        return _view(self._memory, (height, width, 3)).copy()

    def free(self) -> None:
        """Give the memory back to the system; harmless when there is none."""
        if self._memory is not None:
            memory, self._memory = self._memory, None
            memory.close()
            with suppress(FileNotFoundError):  # the writer has unlinked it
                memory.unlink()


class FrameWriter:
    """The side that puts frames in."""

    def __init__(self) -> None:
        self._memory: SharedMemory | None = None

    def has_room(self, image: Image) -> bool:
        """Whether the memory is there and large enough."""
        return self._memory is not None and self._memory.size >= image.nbytes

    def use(self, name: str) -> None:
        """Write into the memory of this name, which nobody else can open any more, from now on."""
        if self._memory is not None:
            self._memory.close()
        self._memory = SharedMemory(name)
        self._memory.unlink()  # Windows frees it with its last user anyway

    def write(self, image: Image) -> None:
        """Copy a frame in, over the one before."""
        if self._memory is None:
            raise RuntimeError("no memory has been named")
        np.copyto(_view(self._memory, image.shape), image)


def _view(memory: SharedMemory, shape: tuple[int, ...]) -> Image:
    return np.ndarray(shape, np.uint8, memory.buf)
