"""Market risk of nodes from their P&L vectors and sensitivities: pure arithmetic, no market."""
