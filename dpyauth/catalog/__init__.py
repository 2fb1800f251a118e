"""Deriv's calls, fields, scopes and replies as data, and the checks of a request before it is sent."""
