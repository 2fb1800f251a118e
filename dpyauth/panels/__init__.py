"""Show sessions in panels: models say what to show and what a click does, widgets bring that to the browser."""
