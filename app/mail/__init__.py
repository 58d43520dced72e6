"""SMTP out, and the local inbox; knows no models."""
