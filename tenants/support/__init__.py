"""The staff's support sessions inside a firm."""
