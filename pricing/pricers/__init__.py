"""From packed batches to values: one pricer per product, the same product of flows and factors."""
