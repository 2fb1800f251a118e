"""The parts that differ between Deriv's APIs: signing in, calls over HTTP, and the meaning of errors.

Each API has a module or package here with the interface `dpyauth.apis.base.Api`.
"""
