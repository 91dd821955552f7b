"""AWS STS: moto's, which does not know the keys that this target makes itself."""
