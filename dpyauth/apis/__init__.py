"""Describe what each of Deriv's APIs does in its own way, its calls over HTTP included."""
