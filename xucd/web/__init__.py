"""HTTP: login, health, metrics, the pages, the browser library, the WebSocket's door."""
