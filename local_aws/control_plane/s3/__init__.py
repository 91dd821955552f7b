"""Amazon S3: moto's, whose buckets do not look at the conditions of a bucket policy."""
