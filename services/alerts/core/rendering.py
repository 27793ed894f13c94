"""The shapes of what is told: plain text and HTML of a mail, markdown and cards of chats. Pure; every text is escaped."""

from __future__ import annotations

from collections import Counter
from typing import Any

from services.alerts.core.composing import Composed, Entry

MAIL_ENTRIES = 100
DINGTALK_BYTES = 18_000
WECOM_BYTES = 4_000
FEISHU_BYTES = 18_000
_COLOURS = {"critical": "#c0392b", "warning": "#d68910", "info": "#2874a6"}
_FEISHU = {"critical": "red", "warning": "orange", "info": "blue"}
_WECOM = {"critical": "warning", "warning": "warning", "info": "info"}
_INERT = str.maketrans({
    "<": "＜", ">": "＞", "[": "［", "]": "］", "*": "＊", "`": "｀", "@": "＠", "~": "～",
})  # fmt: skip


_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})


def escape(line: str) -> str:
    """*line* as text inside HTML and its attributes."""
    return line.translate(_ESCAPED)


def text(told: Composed) -> str:
    """The plain text of a mail."""
    shown = told.entries[:MAIL_ENTRIES]
    parts = [
        "\n".join(filter(None, (f"{one.heading}  {one.title}".strip(), one.text, *one.rows, one.link))) for one in shown
    ]
    return "\n\n".join([*parts, *_rest(told, len(shown)), *told.notes, *_look(told)]) + "\n"


def html(told: Composed) -> str:
    """The HTML of a mail: no script, no image, nothing from elsewhere."""
    shown = told.entries[:MAIL_ENTRIES]
    rows = "".join(_row(one) for one in shown)
    more = "".join(f"<p>{escape(one)}</p>" for one in (*_rest(told, len(shown)), *told.notes))
    look = f'<p><a href="{escape(told.link)}">{escape(told.look)}</a></p>' if told.link else ""
    lang = "zh-CN" if told.language == "zh" else "en"
    return (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>{escape(told.subject)}</title>'
        f'<body style="font-family:sans-serif;font-size:14px;color:#222"><table cellpadding="6">{rows}</table>{more}{look}'
        f"</body></html>\n"
    )


def _row(one: Entry) -> str:
    colour = _COLOURS[one.severity]
    title = escape(one.title)
    linked = f'<a href="{escape(one.link)}" style="color:#222">{title}</a>' if one.link else title
    return (
        f'<tr><td style="border-left:4px solid {colour};vertical-align:top;white-space:nowrap;color:{colour}">'
        f"{escape(one.heading)}</td><td><b>{linked}</b><br>{'<br>'.join(map(escape, (one.text, *one.rows)))}</td></tr>"
    )


def inert(line: str) -> str:
    """*line* as text inside markdown: nothing in it is a link, a mention, an emphasis or a tag."""
    return line.translate(_INERT)


def dingtalk(told: Composed) -> dict[str, Any]:
    """An action card, whose button leads to the alert; markdown where there is nowhere to go."""
    title = inert(told.subject)[:100]
    body = f"### {inert(told.subject)}\n\n" + _markdown(told, DINGTALK_BYTES)
    if not told.link:
        return {"msgtype": "markdown", "markdown": {"title": title, "text": body}}
    card = {"title": title, "text": body, "singleTitle": told.look, "singleURL": told.link}
    return {"msgtype": "actionCard", "actionCard": card}


def wecom(told: Composed) -> dict[str, Any]:
    """Markdown of at most 4,096 bytes."""
    head = f'<font color="{_WECOM[told.severity]}">**{inert(told.subject)}**</font>\n'
    look = f"\n[{told.look}]({told.link})" if told.link else ""
    room = WECOM_BYTES - len((head + look).encode())
    return {"msgtype": "markdown", "markdown": {"content": head + _markdown(told, room, gap="\n") + look}}


def feishu(told: Composed) -> dict[str, Any]:
    """An interactive card."""
    elements: list[dict[str, Any]] = [
        {"tag": "div", "text": {"tag": "lark_md", "content": _markdown(told, FEISHU_BYTES, gap="\n")}}
    ]
    if told.link:
        button = {
            "tag": "button",
            "text": {"tag": "plain_text", "content": told.look},
            "url": told.link,
            "type": "primary",
        }
        elements.append({"tag": "action", "actions": [button]})
    header = {"title": {"tag": "plain_text", "content": told.subject[:200]}, "template": _FEISHU[told.severity]}
    return {"msg_type": "interactive", "card": {"header": header, "elements": elements}}


def _markdown(told: Composed, room: int, *, gap: str = "\n\n") -> str:
    """As many entries as fit into *room* bytes, the gravest first, and the count of the rest by kind."""
    used, shown = 400, list[str]()
    for one in told.entries:
        line = f"**{inert(one.heading)}** {inert(one.title)}" + "".join(
            f"{gap}{inert(said)}" for said in (one.text, *one.rows) if said
        )
        used += len((line + gap).encode())
        if used > room and shown:
            break
        shown.append(line if used <= room else line.encode()[: room - 400].decode("utf-8", "ignore"))
    lines = [*shown, *(inert(one) for one in (*_rest(told, len(shown)), *told.notes))]
    return gap.join(lines)


def _rest(told: Composed, shown: int) -> list[str]:
    rest = told.kinds[shown:]
    if not rest:
        return []
    kinds = ", ".join(f"{kind} {count}" for kind, count in Counter(rest).most_common(5) if kind)
    return [told.more.format(count=len(rest), kinds=kinds)]


def _look(told: Composed) -> list[str]:
    return [f"{told.look}: {told.link}"] if told.link and len(told.entries) > 1 else []
