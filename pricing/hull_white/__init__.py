"""The one-factor Hull-White model on lattices: arrays over bonds and market states."""
