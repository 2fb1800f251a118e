"""Describe calls, fields, scopes and replies as data, and check requests against them."""
