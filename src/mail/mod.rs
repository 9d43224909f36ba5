//! Letters: queued with the change that needs them, made when they are sent.
