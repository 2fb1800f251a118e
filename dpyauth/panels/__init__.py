"""What is behind the panels: what each shows of a session, and what its buttons do. No widgets here."""
