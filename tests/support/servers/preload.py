"""Loads what every server loads, so that a server that is forked has it."""

import importlib
import pkgutil

import gunicorn.app.wsgiapp  # noqa: F401

import app

for module in pkgutil.walk_packages(app.__path__, "app."):
    importlib.import_module(module.name)
