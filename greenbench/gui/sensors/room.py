"""How much room a dialog takes: as much as its words need, and never more than the screen has, so that its buttons can be reached."""

from PySide6.QtWidgets import QDialog, QWidget

_FRAME = 40  # what a window manager draws around a dialog, above all its title


def room_on_screen(dialog: QWidget) -> int:
    """The greatest height a dialog may have, in pixels."""
    return dialog.screen().availableGeometry().height() - _FRAME


def needed(dialog: QWidget) -> int:
    """The height that the layout of a dialog wants at its width, with every wrapped line."""
    layout = dialog.layout()
    assert layout is not None
    layout.activate()
    wanted = layout.totalHeightForWidth(dialog.width()) if layout.hasHeightForWidth() else -1
    return max(wanted, layout.totalMinimumSize().height())


def show_whole(dialog: QDialog, *, shrink: bool = False) -> None:
    """Makes a dialog high enough for all it says, and moves it up where it would leave the screen."""
    least = needed(dialog)
    high = min(least if shrink else max(least, dialog.height()), room_on_screen(dialog))
    dialog.resize(dialog.width(), high)
    screen, frame = dialog.screen().availableGeometry(), dialog.frameGeometry()
    over = frame.bottom() - screen.bottom()
    if dialog.isVisible() and over > 0:
        dialog.move(frame.left(), max(frame.top() - over, screen.top()))
