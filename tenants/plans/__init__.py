"""What a subscription grants, and where that is enforced."""
