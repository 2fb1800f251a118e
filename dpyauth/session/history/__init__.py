"""Collect long histories: pieces to ask for, how they join, and what is kept when something comes between."""
