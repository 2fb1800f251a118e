"""One live connection to Deriv: its rules, the code that runs it, and the background thread.

Modules that say "No I/O" know neither sockets nor clocks: `protocol` and the modules it uses get the time as an
argument, so that tests can play every case. `connection` runs a protocol on a `transport`, on the thread of `loop`.
"""
