"""Reserved for the producer client; a service publishes JSON to Kafka by itself until then."""
