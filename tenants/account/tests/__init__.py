"""Tests of a person's own pages."""
