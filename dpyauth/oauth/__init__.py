"""Sign in with the browser."""
