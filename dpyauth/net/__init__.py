"""Keep one connection to Deriv alive: its rules without I/O, and what drives them."""
