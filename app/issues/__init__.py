"""One number of a newsletter: written, previewed, sent."""
