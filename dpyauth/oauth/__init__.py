"""Browser sign-in: the implicit flow of v3, the code flow with PKCE of the options API, and their redirects.

Modules that say "No I/O" build and read addresses only. `listener` receives a redirect on this machine, and `tokens`
talks to Deriv's sign-in server.
"""
