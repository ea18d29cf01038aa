"""Values of which there are only a few."""

from __future__ import annotations

from typing import Any

import pytest
from schema import SchemaError

from app.core.fields import Boolean, Faults
from app.values.error_detail import detail_in


@pytest.mark.parametrize("value", [True, False])
def test_a_boolean_is_kept(value: bool) -> None:
    faults = Faults()
    assert Boolean().read(value, "/disabled", faults) is value
    assert faults == []


@pytest.mark.parametrize("value", [0, 1, 1.0, "true", "", [], {}, [True]])
def test_another_type_is_no_boolean(value: Any) -> None:
    faults = Faults()
    assert Boolean().read(value, "/disabled", faults) is None
    assert [(fault.name, fault.code) for fault in faults] == [("/disabled", "type")]
    assert faults[0].detail.startswith("This must be true or false, not ")


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False)])
def test_a_filter_takes_true_and_false(text: str, value: bool) -> None:
    assert Boolean().parse(text, "eq") is value


@pytest.mark.parametrize("text", ["", "True", "FALSE", "1", "0", "yes", " true", "true\n", "null"])
def test_a_filter_takes_no_other_word(text: str) -> None:
    with pytest.raises(SchemaError) as error:
        Boolean().parse(text, "eq")
    assert detail_in(error.value) == "This must be true or false."
    assert detail_in(error.value).code == "invalid"


@pytest.mark.parametrize(("value", "cell"), [(True, "true"), (False, "false"), (None, "")])
def test_a_boolean_has_a_cell(value: bool | None, cell: str) -> None:
    assert Boolean().cell(value) == cell
