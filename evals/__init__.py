"""Is it any good: dataset readers, retrieval measures, benches, and the model servers they need."""
