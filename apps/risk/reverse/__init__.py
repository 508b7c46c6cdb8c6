"""Which size of a shock brings the loss of a node of a run to an amount."""
