"""Amazon CloudWatch: moto's, which keeps every value for ever; here the newest values are kept."""
