"""Load pandas before any other module of this package does, so that no interrupt can break that off."""

from dpyauth import _imports

_imports.load("numpy", "pandas")
