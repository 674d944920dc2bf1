"""Tests of maskwatch and maskwatch_train; the folders are those of src."""
