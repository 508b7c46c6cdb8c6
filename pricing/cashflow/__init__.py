"""Cash flow of books: the maturity ladder, the duration bridge, the yield of summed flows."""
