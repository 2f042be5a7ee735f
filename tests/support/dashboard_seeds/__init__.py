"""What the dashboards' tests publish: one module a group of users.

Each has ``events(anchor)``: events at or before ``anchor``, and counter-examples whose wrong
handling would change a figure (another tenant, a late event, a gap, an event after the anchor).
"""
