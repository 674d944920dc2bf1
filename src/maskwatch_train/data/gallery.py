"""The page of an audit: likely wrong labels with their faces, in one file without a network."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import cv2

from maskwatch.types import Fault, State
from maskwatch_train.data.audit import Suspect
from maskwatch_train.data.corrections import DROP, FILE_NAME
from maskwatch_train.data.vocabulary import Label

if TYPE_CHECKING:
    from maskwatch.types import Image

_THUMB_PX = 150
_CHOICES = [
    *(str(Label(state)) for state in (State.MASK, State.NO_MASK)),
    *(str(Label(State.INCORRECT, fault)) for fault in Fault),
    str(Label(State.INCORRECT)),
    str(Label(State.UNKNOWN)),
    DROP,
]

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem; color: #1c1f23; background: #f6f7f8 }
h2 { margin: 2rem 0 .6rem; font-size: 1.05rem }
.faces { display: flex; flex-wrap: wrap; gap: .8rem }
figure { margin: 0; padding: .5rem; width: 150px; background: #fff; border: 1px solid #d9dde1;
  border-radius: 6px }
figure.changed { border-color: #b3541e; box-shadow: 0 0 0 2px #b3541e55 }
img { width: 150px; height: 150px; display: block; border-radius: 3px }
figcaption { font-size: .78rem; overflow-wrap: anywhere; margin: .35rem 0 }
select { width: 100% }
.bar { position: sticky; top: 0; background: #f6f7f8ee; padding: .6rem 0; display: flex;
  gap: .8rem; align-items: center; flex-wrap: wrap }
"""

_SCRIPT = """
const suspects = JSON.parse(document.getElementById('suspects').textContent);
const selects = [...document.querySelectorAll('select')];
const count = document.getElementById('count'), save = document.getElementById('save');
function changed() { return selects.filter(each => each.value); }
function show() {
  for (const each of selects) each.closest('figure').classList.toggle('changed', !!each.value);
  count.textContent = changed().length + ' corrections';
  save.disabled = !changed().length || !document.getElementById('by').value.trim();
}
document.addEventListener('input', show);
save.addEventListener('click', () => {
  const by = document.getElementById('by').value.trim();
  const lines = changed().map(each => {
    const suspect = suspects[+each.dataset.suspect];
    return JSON.stringify({...suspect, now: each.value, by, why: 'seen in the audit'}) + '\\n';
  });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(lines, {type: 'application/x-ndjson'}));
  link.download = save.dataset.name;
  link.click();
});
show();
"""


def gallery(title: str, summary: str, suspects: Sequence[Suspect], faces: Sequence[Image]) -> str:
    """The page as HTML.

    Each face can be given another label; a button saves the corrections as a file that
    ``data correct`` takes.

    Args:
        title: of the page.
        summary: one paragraph about what was looked at.
        suspects: the worst first.
        faces: ``(S, S, 3)`` uint8 BGR of each suspect.
    """
    parts: dict[tuple[Label, Label], list[str]] = {}
    for number, (suspect, face) in enumerate(zip(suspects, faces, strict=True)):
        key = (suspect.given, suspect.suggested)
        parts.setdefault(key, []).append(_figure(number, suspect, face))
    sections = "".join(
        f"<h2>labelled {escape(str(given))}, looks like {escape(str(suggested))} "
        f"({len(figures)})</h2>\n<div class=faces>\n{''.join(figures)}</div>\n"
        for (given, suggested), figures in parts.items()
    )
    data = json.dumps([_facts(suspect) for suspect in suspects]).replace("<", "\\u003c")
    return (
        f"<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<title>{escape(title)}</title>\n"
        f"<style>{_STYLE}</style>\n<h1>{escape(title)}</h1>\n<p>{escape(summary)}</p>\n"
        "<div class=bar><label>Your name <input id=by></label>"
        f'<button id=save data-name="{FILE_NAME}">Save corrections</button>'
        "<span id=count></span></div>\n"
        f"{sections or '<p>No label looks wrong.</p>'}"
        f"<script type=application/json id=suspects>{data}</script>\n"
        f"<script>{_SCRIPT}</script>\n</html>\n"
    )


def _figure(number: int, suspect: Suspect, face: Image) -> str:
    small = cv2.resize(face, (_THUMB_PX, _THUMB_PX), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])
    picture = base64.b64encode(data.tobytes()).decode()
    row = suspect.row
    options = "".join(f"<option>{choice}</option>" for choice in _CHOICES)
    return (
        f'<figure><img src="data:image/jpeg;base64,{picture}" loading=lazy alt="">'
        f"<figcaption>{escape(row.source_set)}/{escape(row.path)}<br>"
        f"{escape(str(suspect.given))} {suspect.p_given:.0%}, "
        f"{escape(str(suspect.suggested))} {suspect.p_suggested:.0%}</figcaption>"
        f'<select data-suspect={number}><option value="">as labelled</option>{options}</select>'
        "</figure>\n"
    )


def _facts(suspect: Suspect) -> dict[str, object]:
    """What a correction says of the face; see ``corrections.Correction``."""
    row = suspect.row
    return {
        "set": row.source_set,
        "path": row.path,
        "sha256": row.sha256,
        "box": row.box,
        "was": str(suspect.given),
    }
