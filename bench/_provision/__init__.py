"""What the benchmark of provisioning is made of."""
