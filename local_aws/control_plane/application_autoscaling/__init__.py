"""Application Auto Scaling: moto's, plus the tags of scalable targets. It keeps what is asked for and scales nothing."""
