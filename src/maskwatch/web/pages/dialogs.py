"""Dialogs that are asked for once, and buttons that ask once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from nicegui import ui

from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.parts import attribute

_DOUBLE_CLICK_S = 0.5
"""How far apart two clicks may be that are meant as one."""


def passing_dialog(title: str) -> ui.dialog:
    """A dialog that is gone once it was closed, with whatever was typed into it.

    Args:
        title: what screen readers call it.
    """
    dialog = ui.dialog().props(f"aria-label={attribute(title)}")
    # Not before it is hidden: where the focus goes back to is known until then.
    dialog.on("hide", dialog.delete)
    return dialog


async def confirm(desk: Desk, question: str, act: str = "common.delete") -> bool:
    """Asks before something that cannot be undone.

    Args:
        desk: of the page.
        question: what is asked.
        act: key of the words for doing it.
    """
    with passing_dialog(question) as dialog, ui.card():
        ui.label(question)
        with ui.element("div").classes("mw-row"):
            do = ui.button(desk.words(act), on_click=lambda: dialog.submit(True))
            do.props("color=negative")
            cancel = ui.button(desk.words("common.cancel"), on_click=lambda: dialog.submit(False))
            cancel.props("flat")
    return bool(await dialog)


def button_once(text: str, act: Callable[[], Awaitable[object]]) -> ui.button:
    """A button for what a double click must not do twice.

    Args:
        text: what it says.
        act: what it does; meanwhile it cannot be pressed.
    """

    async def press() -> None:
        button.set_enabled(False)
        try:
            await act()
            await asyncio.sleep(_DOUBLE_CLICK_S)
        finally:
            button.set_enabled(True)

    button = ui.button(text, on_click=press)
    return button
