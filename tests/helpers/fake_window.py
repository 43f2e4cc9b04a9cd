"""A matplotlib backend with a window toolkit that needs no display: what it was asked to show is
kept in SHOWN.
"""

from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.backend_bases import CloseEvent, FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

FRAMES: list[np.ndarray] = []
TOOLBARS: list[str] = []


class FigureManager(FigureManagerBase):
    def show(self) -> None:
        TOOLBARS.append(self.made_with)

    def __init__(self, canvas: FigureCanvasAgg, num: int | str) -> None:
        super().__init__(canvas, num)
        self.made_with = rcParams["toolbar"]

    def destroy(self) -> None:  # as the toolkits' own do when the user closes the window
        self.canvas.callbacks.process("close_event", CloseEvent("close_event", self.canvas))


class FigureCanvas(FigureCanvasAgg):
    required_interactive_framework = "headless"  # what matplotlib calls a machine without a display
    manager_class = FigureManager

    def start_event_loop(self, timeout: float = 0.0) -> None:
        self.draw()
        FRAMES.append(np.asarray(self.buffer_rgba()).copy())

    def draw_idle(self, *args: Any, **kwargs: Any) -> None:
        pass
