"""Loads pandas, before any other module of this package does, so that no interrupt can break that off."""

from dpyauth import _whole

_whole.load("numpy", "pandas")
