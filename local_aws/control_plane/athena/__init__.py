"""Amazon Athena: moto's, plus ListTagsForResource for every resource that can have tags."""
