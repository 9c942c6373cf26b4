"""Breaking the tenant engine on purpose: each mutation must make a test fail (``make mutations``)."""
