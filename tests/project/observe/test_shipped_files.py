"""The files in `ops/` name metrics, labels and fields that the service has, and `observe` starts what uses them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask

from app.features.operations.metrics.families import FAMILIES
from extensions.jobs.table import STATES
from extensions.telemetry.metrics import METRICS, Family
from tests import ROOT
from tests.support.documents import Document
from tests.support.servers.processes import require_program

OPS = ROOT / "ops"
OPERATIONS = Document("docs/operations.md")
DASHBOARD = json.loads((OPS / "grafana/dashboards/catalog.json").read_text("utf-8"))
ALERTS = yaml.safe_load((OPS / "prometheus/alerts.yml").read_text("utf-8"))["groups"][0]["rules"]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
EXPRESSIONS = {
    **{rule["alert"]: rule["expr"] for rule in ALERTS},
    **{
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
    },
}
OF_PROMETHEUS = {"le", "job", "instance"}  # labels that it adds
VALUES = {
    "state": set(STATES),
    "status": {"5..", "200", "503"},
    "job": {"catalog"},
}


def families_of(app: Flask) -> dict[str, Family]:
    """The families of an application by the names of their series."""
    return {name: family for family in app.extensions[METRICS].families() for name in family.series}


def named_labels(expression: str) -> set[str]:
    """The labels that an expression selects or groups by."""
    groups = re.findall(r"\b(?:by|without|ignoring|on)\s*\(([^)]*)\)", expression)
    return {label for group in groups for label in re.split(r"[,\s]+", group) if label} | {
        label for label, _ in matchers(expression)
    }


def matchers(expression: str) -> list[tuple[str, str]]:
    """The label matchers of an expression, as pairs of label and value."""
    return re.findall(r'\b(\w+)\s*(?:=~|!=|!~|=)\s*"([^"]*)"', expression)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_names_existing_series_and_labels(session_app: Flask, name: str) -> None:
    expression, families = EXPRESSIONS[name], families_of(session_app)
    named = set(re.findall(r"\bcatalog_\w+", expression))
    assert named <= families.keys()
    assert named or "up{" in expression
    assert named_labels(expression) <= OF_PROMETHEUS.union(*(families[series].labels for series in named))


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_selects_existing_values(name: str) -> None:
    for label, value in matchers(EXPRESSIONS[name]):
        assert set(value.split("|")) <= VALUES[label]


def test_legends_name_labels_of_their_expression() -> None:
    legends = [(target["expr"], target["legendFormat"]) for panel in DASHBOARD["panels"] for target in panel["targets"]]
    assert [
        (expression, legend)
        for expression, legend in legends
        if not set(re.findall(r"{{(\w+)}}", legend)) <= named_labels(expression) | OF_PROMETHEUS
    ] == []


def test_every_metric_is_on_the_dashboard(session_app: Flask) -> None:
    shown = " ".join(EXPRESSIONS.values())
    hidden = {
        family.name for family in families_of(session_app).values() if not re.search(rf"\b{family.name}(_|\b)", shown)
    }
    assert hidden == {"catalog_build_info", "catalog_changes_unnumbered", "catalog_changes_newest_seconds"}


def test_the_panels_do_not_overlap() -> None:
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in DASHBOARD["panels"]]
    assert len(set(places)) == len(places)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(places)


def test_the_document_describes_every_metric(session_app: Flask) -> None:
    expected = [
        [f"`{family.name}`", ", ".join(f"`{label}`" for label in family.labels) or "—", family.help]
        for family in session_app.extensions[METRICS].families()
    ]
    assert OPERATIONS.table("Metrics") == expected


def test_the_document_says_what_to_do_about_every_alert() -> None:
    assert [row[0].strip("`") for row in OPERATIONS.table("Alerts")] == [rule["alert"] for rule in ALERTS]
    assert {rule["annotations"]["runbook"] for rule in ALERTS} == {"docs/operations.md#alerts"}


def test_names_follow_the_conventions_of_prometheus() -> None:
    for family in FAMILIES:
        assert re.fullmatch(r"catalog_[a-z_]+", family.name)
        assert family.name.endswith("_total") == (family.kind == "counter")
        assert family.help.endswith(".")


@pytest.mark.parametrize("name", ["local.yml", "compose.yml"])
def test_prometheus_accepts_the_files(name: str) -> None:
    tool = require_program("promtool")
    checked = subprocess.run([tool, "check", "config", OPS / "prometheus" / name], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def mounted(service: str) -> dict[str, Path]:
    """The files of the checkout that a container of Compose has, by their folders in it."""
    volumes = [volume.split(":") for volume in COMPOSE["services"][service]["volumes"]]
    return {inside: ROOT / outside for outside, inside, *_ in volumes if outside.startswith("./")}


@pytest.mark.parametrize("service", ["prometheus", "grafana"])
def test_a_container_of_the_profile_is_closed(service: str) -> None:
    container: dict[str, Any] = COMPOSE["services"][service]
    assert container["profiles"] == ["observe"]
    assert container["read_only"]
    assert container["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in container["ports"])
    assert re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+", container["image"])
    assert all(path.is_dir() for path in mounted(service).values())
    assert "database" not in container["networks"]


def test_the_containers_find_one_another() -> None:
    (job,) = yaml.safe_load((OPS / "prometheus/compose.yml").read_text("utf-8"))["scrape_configs"]
    (source,) = yaml.safe_load((OPS / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
    services, (target,) = COMPOSE["services"], job["dns_sd_configs"]
    assert [target["port"]] == [services["api"]["environment"]["METRICS_PORT"]]
    assert set(target["names"]) <= services.keys()
    assert set(services["api"]["networks"]) & set(services["prometheus"]["networks"]) == {"metrics"}
    assert set(services["grafana"]["networks"]) & set(services["prometheus"]["networks"]) == {"observe"}
    assert source["url"] == "http://prometheus:9090"
    assert {source["uid"]} == {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]}


def test_grafana_finds_the_dashboard() -> None:
    (provider,) = yaml.safe_load((OPS / "grafana/provisioning/dashboards/catalog.yml").read_text())["providers"]
    assert (mounted("grafana")[provider["options"]["path"]] / "catalog.json").exists()
    home = COMPOSE["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/catalog.json"
