"""``/ops/profile``."""

from __future__ import annotations

import os
import threading
from http import HTTPStatus

from flask import Blueprint, Response

from app.core.fields import Faults
from app.core.openapi import describe
from app.core.query.pairs import request_pairs
from app.core.query.parse import parse_options
from app.core.records.validate import raise_faults, validate_members
from app.http.access.audience import write_cache_control
from app.http.access.rights import ADMIN, requires
from app.http.body import JSON, has_body, read_json
from app.http.headers.negotiation import negotiate
from app.http.problems import Conflict
from app.http.responses import FinalResponse, write_response
from app.values.json_value import compact

from .flame_graph import CSP, flame_graph
from .openapi import HTML, SECONDS, SECONDS_DEFAULT, CreateProfile
from .sampler import Profile, sample
from .speedscope import speedscope

profiles = Blueprint("profiles", __name__)

_is_sampling = threading.Lock()


@profiles.post("/ops/profile")
@describe(CreateProfile(), id="profiles_create")
@requires(ADMIN)
def create() -> Response:
    """Profile a worker under its current load, and return a flame graph of all its threads.

    It shows where requests spend wall-clock time; waiting for the database counts, idle threads do not. The worker is
    the one that got this request; its process id is in the name of the profile.
    """
    parse_options(request_pairs())
    media_type = negotiate(JSON, HTML)
    faults = Faults()
    values = validate_members({SECONDS.name: SECONDS}, read_json() if has_body() else {}, faults)
    raise_faults(faults)
    profile = _sampled(values[SECONDS.name] or SECONDS_DEFAULT)
    if media_type == JSON:
        return write_response(compact(speedscope(profile)), HTTPStatus.OK, [("Vary", "Accept")], tagged=False)
    return FinalResponse(
        flame_graph(profile).encode(),
        headers=[
            ("Content-Type", f"{HTML}; charset=utf-8"),
            ("Cache-Control", write_cache_control()),
            ("Content-Security-Policy", CSP),
            ("Vary", "Accept"),
        ],
    )


def _sampled(seconds: int) -> Profile:
    """Return a profile. Raises `Conflict` while another request samples this worker."""
    if not _is_sampling.acquire(blocking=False):
        raise Conflict(
            f"Worker {os.getpid()} is being profiled by another request. Send this one again when that has ended."
        )
    try:
        return sample(seconds)
    finally:
        _is_sampling.release()
