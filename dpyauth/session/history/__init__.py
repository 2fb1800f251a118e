"""Collect long histories: choose the pieces to ask for, join them, and keep partial results."""
