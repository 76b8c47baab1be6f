"""The standing attack: a seeded few tries in `make test`, all of them in `make attack`."""
