"""HTTP: authentication, REST, health, metrics, the pages, and opening WebSockets."""
