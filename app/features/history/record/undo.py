"""Undoes one change of a record, if nothing that it changed was changed since."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from sqlalchemy import select

from app.authors.resource import AUTHORS
from app.books.models import Contribution
from app.core.resource import Resource
from app.http.problems import Conflict, Fault
from app.http.urls import link
from app.values.json_value import Json
from extensions.database import Statement

from .past import Past, PastChange, with_every_field
from .store import Target, store

_MERGE_OF_REVISION = Statement("""
    SELECT op::text, resource::text, record_id, after ->> 'merged_into' FROM changes
    WHERE revision_id = %(revision)s AND op IN ('merged', 'unmerged') LIMIT 1
""")


def undo(target: Target, change: PastChange) -> str:
    """Undo a change, and return the text of the representation after that; for a creation, of the last one.

    Raises `Conflict` if the record was changed, deleted or restored since, and for a part of a merge.
    """
    past = target.past
    if change.op == "unmerged" or (change.op == "merged" and target.record is not None):
        _refuse_merge(target, change)
    if change.is_deletion:
        return _undo_deletion(target, change)
    if target.record is None:
        deletion = past.later[0].position
        _refuse(past, f'The {past.resource.noun} was deleted since. First undo that: {{"undo": {deletion}}}.')
    if change.op == "created":
        return _undo_creation(target)
    _refuse_merge(target, change)
    names = [name for name in past.resource.fields if name in change.after]
    _require_unchanged(past, names)
    return store(target, {name: change.before.get(name) for name in names}, None)


def _undo_deletion(target: Target, change: PastChange) -> str:
    past, resource = target.past, target.past.resource
    if target.record is not None:
        _refuse(past, f"The {resource.noun} {past.record_id} exists again, because it was restored since.")
    later = next((each.position for each in past.later if each.is_change), None)
    if later is not None:
        _refuse(past, f'It was restored and deleted again since. Undo the latest deletion: {{"undo": {later}}}.')
    state = with_every_field(resource, change.before)
    wanted = {name: state[name] for name, field in resource.fields.items() if not field.read_only}
    return store(target, wanted, state["created_at"])


def _undo_creation(target: Target) -> str:
    """Delete the record. An author must have no books, because they would be deleted too."""
    past, resource = target.past, target.past.resource
    _require_unchanged(past, [name for name, field in resource.fields.items() if not field.read_only])
    is_contributor = select(Contribution.book_id).where(Contribution.author_id == past.record_id).limit(1)
    if resource is AUTHORS and target.session.scalar(is_contributor) is not None:
        url = link(f"/authors/{past.record_id}")
        _refuse(past, f"The author contributes to books. A DELETE of {url} also deletes those without other authors.")
    target.session.delete(target.record)
    target.session.flush()
    assert target.text is not None
    return target.text


def _require_unchanged(past: Past, names: Iterable[str]) -> None:
    """Raise `Conflict` unless fields have the values that they had after the change."""
    then, present = past.state(), past.present
    assert then is not None
    assert present is not None
    changed = [name for name in names if _comparable(then[name]) != _comparable(present[name])]
    if not changed:
        return
    faults = []
    for name in changed:
        later = [each.position for each in past.later if name in each.after]
        by = f" by the change {later[-1]}" if later and later[-1] is not None else ""
        faults.append(Fault("body", f"/{name}", "changed", f"{name} was changed again{by}."))
    listed = ", ".join(changed)
    raise Conflict(
        f"{_cannot(past)} These fields were changed since: {listed}. Undo the later changes first, or restore a whole "
        "version.",
        faults,
    )


def _refuse_merge(target: Target, change: PastChange) -> None:
    """Raise `Conflict` if a change is part of a merge, or of its undoing."""
    rows = target.run(_MERGE_OF_REVISION, {"revision": change.revision_id})
    if not rows:
        return
    op, resource, record_id, into = rows[0]
    noun = resource.removesuffix("s")
    body = f'{{"from": [{record_id}]}}'
    if op == "merged":
        url = link(f"/{resource}/{into}/unmerge")
        hint = f"It is part of the merge of {noun} {record_id}, which a POST of {body} to {url} undoes"
    else:
        url = link(f"/{resource}/ID/merge")
        hint = (
            f"It is part of undoing the merge of {noun} {record_id}. To merge it again, send a POST of {body} to {url}"
        )
    _refuse(target.past, f"{hint}.")


def _refuse(past: Past, reason: str) -> NoReturn:
    raise Conflict(f"{_cannot(past)} {reason}")


def _cannot(past: Past) -> str:
    resource: Resource = past.resource
    return f"The change {past.position} of {resource.noun} {past.record_id} cannot be undone."


def _comparable(value: Json) -> Json:
    """Return a value of a field without the names of contributors, which are not part of a change."""
    if isinstance(value, list):
        return [{**item, "name": None} if isinstance(item, dict) else item for item in value]
    return value
