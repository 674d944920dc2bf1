"""Dialogs that are asked for once."""

from __future__ import annotations

from nicegui import ui

from maskwatch.web.pages.desk import Desk
from maskwatch.web.pages.parts import attribute


def passing_dialog(title: str) -> ui.dialog:
    """A dialog that is gone once it was closed, with whatever was typed into it.

    Args:
        title: what screen readers call it.
    """
    dialog = ui.dialog().props(f"aria-label={attribute(title)}")
    # Not before it is hidden: where the focus goes back to is known until then.
    dialog.on("hide", dialog.delete)
    return dialog


async def confirm(desk: Desk, question: str) -> bool:
    """Asks before something that cannot be undone."""
    with passing_dialog(question) as dialog, ui.card():
        ui.label(question)
        with ui.element("div").classes("mw-row"):
            ui.button(desk.words("common.delete"), on_click=lambda: dialog.submit(True)).props(
                "color=negative"
            )
            ui.button(desk.words("common.cancel"), on_click=lambda: dialog.submit(False)).props(
                "flat"
            )
    return bool(await dialog)
