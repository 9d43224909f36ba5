//! The bus by itself, over a real NATS server.
