"""A profile in the file format of speedscope, which draws it as an interactive flame graph.

The format: https://www.speedscope.app/file-format-schema.json
"""

from __future__ import annotations

from pathlib import Path
from types import CodeType

from app.values.json_value import Json

from .sampler import Profile

SCHEMA = "https://www.speedscope.app/file-format-schema.json"
_ROOT = f"{Path(__file__).parents[4]}/"


def name_of(call: str | CodeType) -> str:
    """Return the name of a call, such as ``Bridge.__call__``."""
    return call if isinstance(call, str) else call.co_qualname


def file_of(call: str | CodeType) -> str:
    """Return the file of a call from its package on, such as ``app/http/bridge.py``; "" if it has none."""
    if isinstance(call, str):
        return ""
    return call.co_filename.rpartition("/site-packages/")[2].removeprefix(_ROOT)


def title_of(profile: Profile) -> str:
    """Return the title of a profile."""
    return f"Worker {profile.pid}, {profile.seconds:g} s"


def speedscope(profile: Profile) -> Json:
    """Return the JSON document of a profile. The weight of a stack is its time in seconds."""
    indexes: dict[str | CodeType, int] = {}
    stacks = [[indexes.setdefault(call, len(indexes)) for call in stack] for stack in profile.stacks]
    weights = [round(count * profile.interval, 4) for count in profile.stacks.values()]
    frames = [
        {"name": name_of(call)}
        | ({"file": file_of(call), "line": call.co_firstlineno} if isinstance(call, CodeType) else {})
        for call in indexes
    ]
    return {
        "$schema": SCHEMA,
        "exporter": "catalog",
        "name": title_of(profile),
        "activeProfileIndex": 0,
        "shared": {"frames": frames},
        "profiles": [
            {
                "type": "sampled",
                "name": title_of(profile),
                "unit": "seconds",
                "startValue": 0,
                "endValue": round(sum(weights), 3),
                "samples": stacks,
                "weights": weights,
            }
        ],
    }
