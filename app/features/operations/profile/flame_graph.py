"""A profile as an HTML page with a flame graph: an SVG without scripts, which loads nothing.

Each box is a call, as wide as its part of the time, below its caller.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from types import CodeType

from .sampler import Profile, Stack
from .speedscope import file_of, name_of, title_of

ROW = 18  # height of a call, in pixels
NARROWEST = 0.05  # percent of the width; narrower calls are left out, with all calls below them
OWN_MOST = 20  # calls in the table

_STYLE = (
    "body{font:14px system-ui,sans-serif;margin:1rem}svg text{font:12px ui-monospace,monospace}"
    "table{border-collapse:collapse}td,th{padding:.1rem .8rem .1rem 0;text-align:left}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CSP = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@dataclass
class Call:
    """A call in the tree of all stacks, with the samples that it and the calls below it had."""

    code: str | CodeType
    samples: int = 0
    below: dict[str | CodeType, Call] = field(default_factory=dict)


def flame_graph(profile: Profile) -> str:
    """Return the page of a profile."""
    root = _tree(profile.stacks)
    boxes = list(_boxes(root, profile, root.samples))
    height = ROW * (1 + max(depth for depth, _ in boxes))
    title = escape(title_of(profile))
    busy = _seconds(root.samples, profile)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"</head><body><h1>{title}</h1>"
        f"<p>{busy:.2f} s of all threads that did not idle, in {profile.samples:,} samples. Wall-clock time: waiting "
        "for the database and for the interpreter lock counts. The same request with <code>Accept: "
        "application/json</code> returns a file for speedscope.</p>"
        f'<svg role="img" aria-label="Flame graph" width="100%" height="{height}">'
        f"{''.join(box for _, box in boxes)}</svg>"
        "<h2>Own time</h2><table><tr><th>seconds</th><th>share</th><th>call</th><th>file</th></tr>"
        f"{''.join(_own_rows(profile, root.samples))}</table></body></html>\n"
    )


def _tree(stacks: Counter[Stack]) -> Call:
    root = Call("all threads")
    for stack, count in stacks.items():
        call = root
        call.samples += count
        for code in stack:
            call = call.below.setdefault(code, Call(code))
            call.samples += count
    return root


def _boxes(root: Call, profile: Profile, total: int) -> Iterator[tuple[int, str]]:
    """Yield the depth and the SVG of each call. Not recursive, because stacks can be deep."""
    pending = [(root, 0, 0.0)]
    while pending:
        call, depth, left = pending.pop()
        width = 100 * call.samples / max(total, 1)
        if width < NARROWEST and depth:
            continue
        yield depth, _box(call, depth, left, width, profile)
        for below in sorted(call.below.values(), key=lambda each: name_of(each.code)):
            pending.append((below, depth + 1, left))
            left += 100 * below.samples / max(total, 1)


def _box(call: Call, depth: int, left: float, width: float, profile: Profile) -> str:
    name = escape(name_of(call.code))
    location = f"\n{escape(_location(call.code))}" if isinstance(call.code, CodeType) else ""
    hue = zlib.crc32((file_of(call.code) or name).encode()) % 360  # one for each file
    return (
        f'<svg x="{left:.3f}%" y="{depth * ROW}" width="{width:.3f}%" height="{ROW - 1}">'
        f"<title>{name}: {_seconds(call.samples, profile):.2f} s, {width:.1f} %{location}</title>"
        f'<rect width="100%" height="100%" fill="hsl({hue},70%,80%)"/><text x="3" y="13">{name}</text></svg>'
    )


def _own_rows(profile: Profile, total: int) -> Iterator[str]:
    """Yield the rows of the calls with the most time of their own, outside of the calls below them."""
    own: Counter[str | CodeType] = Counter()
    for stack, count in profile.stacks.items():
        own[stack[-1]] += count
    for code, count in own.most_common(OWN_MOST):
        cells = (f"{_seconds(count, profile):.2f}", f"{100 * count / total:.1f} %", name_of(code), _location(code))
        yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def _location(code: str | CodeType) -> str:
    return f"{file_of(code)}:{code.co_firstlineno}" if isinstance(code, CodeType) else ""


def _seconds(samples: int, profile: Profile) -> float:
    return samples * profile.interval
