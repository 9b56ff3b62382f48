//! What is recorded is restored.
