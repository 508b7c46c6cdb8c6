"""The instruments: frozen typed terms and state, and how a row of a batch is made of them."""
