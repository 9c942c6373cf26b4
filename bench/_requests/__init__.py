"""What the benchmark ``requests`` is made of: data, servers, load, and the same page on other foundations."""
