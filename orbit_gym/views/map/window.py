"""A window that shows frames, by whatever matplotlib finds: Tk, Qt, GTK, wx or macOS."""

import numpy as np
from matplotlib import pyplot

NO_WINDOW = (
    "render_mode 'human' needs a display and one of matplotlib's window toolkits (Tk, Qt, GTK, "
    "wx, macOS), here is only {backend!r}; "
    "take render_mode='rgb_array' for pictures without a window"
)


class Window:
    """One window; showing a frame takes a frame's time, so that people can follow."""

    def __init__(self, title: str, fps: int) -> None:
        """Open it with the first frame; RuntimeError where there is no display."""
        self._title, self._frame_s = title, 1.0 / fps
        self._figure: pyplot.Figure | None = None
        self._is_closed = False
        refuse_without_display()

    def show(self, picture: np.ndarray) -> None:
        """Show a picture (height, width, 3) uint8; nothing once the user has closed the window."""
        if self._figure is None:
            self._open(picture)
        figure = self._figure
        if self._is_closed or figure is None:
            return
        self._image.set_data(picture)
        figure.canvas.draw_idle()
        figure.canvas.start_event_loop(self._frame_s)

    def _open(self, picture: np.ndarray) -> None:
        height, width = picture.shape[:2]
        with pyplot.rc_context({"toolbar": "None"}):  # nothing on the picture can be zoomed
            figure = pyplot.figure(self._title, figsize=(width / 100.0, height / 100.0), dpi=100.0)
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        self._image = axes.imshow(picture, aspect="equal")
        figure.canvas.mpl_connect("close_event", lambda event: setattr(self, "_is_closed", True))
        figure.show()
        self._figure = figure

    def close(self) -> None:
        """Close it."""
        if self._figure is not None:
            pyplot.close(self._figure)
        self._figure, self._is_closed = None, True


def refuse_without_display() -> None:
    """Refuse where matplotlib would draw to no window.

    RuntimeError: no display, no toolkit, or a backend chosen that only writes files.
    """
    backend = pyplot.get_backend()
    try:
        figure = pyplot.figure()
    except Exception as error:  # each toolkit has its own for a missing display
        raise RuntimeError(NO_WINDOW.format(backend=backend)) from error
    has_window = figure.canvas.required_interactive_framework is not None
    pyplot.close(figure)
    if not has_window:
        raise RuntimeError(NO_WINDOW.format(backend=backend))
