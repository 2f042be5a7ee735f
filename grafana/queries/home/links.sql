-- What a link-saving service sends: the names of its catalogue.
r.name IN ('linkCompleted', 'linkCreated', 'linkDeleted', 'linkInteracted', 'linkMetadataFetched', 'linkProcessingCompleted', 'linkProcessingFailed', 'linkProcessingStarted', 'linkRestored', 'linkSummarized', 'linkUncompleted', 'metricsSnapshotRecorded')
