//! What AWS has here and this cloud has not: it is refused as such, not as if nobody had heard of it.

/// The names of operations that aren't simulated.
pub(super) const ABSENT: &str = "\
    AssociateSourceToS3TableIntegration CancelExportTask CancelImportTask CreateDelivery CreateExportTask \
    CreateImportTask CreateLogAnomalyDetector CreateLookupTable CreateScheduledQuery DeleteAccountPolicy \
    DeleteDataProtectionPolicy DeleteDelivery DeleteDeliveryDestination DeleteDeliveryDestinationPolicy \
    DeleteDeliverySource DeleteDestination DeleteIndexPolicy DeleteIntegration DeleteLogAnomalyDetector \
    DeleteLookupTable DeleteMetricFilter DeleteQueryDefinition DeleteResourcePolicy DeleteScheduledQuery \
    DeleteSubscriptionFilter DeleteSyslogConfiguration DeleteTransformer DescribeAccountPolicies \
    DescribeConfigurationTemplates DescribeDeliveries DescribeDeliveryDestinations DescribeDeliverySources \
    DescribeDestinations DescribeExportTasks DescribeFieldIndexes DescribeImportTaskBatches DescribeImportTasks \
    DescribeIndexPolicies DescribeLookupTables DescribeMetricFilters DescribeQueries DescribeQueryDefinitions \
    DescribeResourcePolicies DescribeSubscriptionFilters DisassociateSourceFromS3TableIntegration \
    GetDataProtectionPolicy GetDelivery GetDeliveryDestination GetDeliveryDestinationPolicy GetDeliverySource \
    GetIntegration GetLogAnomalyDetector GetLogFields GetLogGroupFields GetLogObject GetLogRecord GetLookupTable \
    GetQueryResults GetScheduledQuery GetScheduledQueryHistory GetStorageTierPolicy GetTransformer \
    ListAggregateLogGroupSummaries ListAnomalies ListIntegrations ListLogAnomalyDetectors ListLogGroupsForQuery \
    ListScheduledQueries ListSourcesForS3TableIntegration ListSyslogConfigurations PutAccountPolicy \
    PutBearerTokenAuthentication PutDataProtectionPolicy PutDeliveryDestination PutDeliveryDestinationPolicy \
    PutDeliverySource PutDestination PutDestinationPolicy PutIndexPolicy PutIntegration PutMetricFilter \
    PutQueryDefinition PutResourcePolicy PutStorageTierPolicy PutSubscriptionFilter PutSyslogConfiguration \
    PutTransformer StartLiveTail StartQuery StopQuery TestMetricFilter TestTransformer UpdateAnomaly \
    UpdateDeliveryConfiguration UpdateLogAnomalyDetector UpdateLookupTable UpdateScheduledQuery";
