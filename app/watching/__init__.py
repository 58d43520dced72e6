"""What tells a watcher how the service is: health, readiness, metrics."""
