//! What AWS has here and this cloud has not: it is refused as such, not as if nobody had heard of it.

/// The names of operations that aren't simulated.
pub(super) const ABSENT: &str = "\
    AssociateOpsItemRelatedItem CancelCommand CancelMaintenanceWindowExecution CreateActivation CreateAssociation \
    CreateAssociationBatch CreateCloudConnector CreateDocument CreateMaintenanceWindow CreateOpsItem \
    CreateOpsMetadata CreatePatchBaseline CreateResourceDataSync DeleteActivation DeleteAssociation \
    DeleteCloudConnector DeleteDocument DeleteInventory DeleteMaintenanceWindow DeleteOpsItem DeleteOpsMetadata \
    DeletePatchBaseline DeleteResourceDataSync DeleteResourcePolicy DeregisterDefaultHostManagementConfiguration \
    DeregisterManagedInstance DeregisterPatchBaselineForPatchGroup DeregisterTargetFromMaintenanceWindow \
    DeregisterTaskFromMaintenanceWindow DescribeActivations DescribeAssociation DescribeAssociationExecutionTargets \
    DescribeAssociationExecutions DescribeAutomationExecutions DescribeAutomationStepExecutions \
    DescribeAvailablePatches DescribeDocument DescribeDocumentPermission DescribeEffectiveInstanceAssociations \
    DescribeEffectivePatchesForPatchBaseline DescribeInstanceAssociationsStatus DescribeInstanceInformation \
    DescribeInstancePatchStates DescribeInstancePatchStatesForPatchGroup DescribeInstancePatches \
    DescribeInstanceProperties DescribeInventoryDeletions DescribeMaintenanceWindowExecutionTaskInvocations \
    DescribeMaintenanceWindowExecutionTasks DescribeMaintenanceWindowExecutions DescribeMaintenanceWindowSchedule \
    DescribeMaintenanceWindowTargets DescribeMaintenanceWindowTasks DescribeMaintenanceWindows \
    DescribeMaintenanceWindowsForTarget DescribeOpsItems DescribePatchBaselines DescribePatchGroupState \
    DescribePatchGroups DescribePatchProperties DescribeSessions DisassociateOpsItemRelatedItem GetAccessToken \
    GetAutomationExecution GetCalendarState GetCloudConnector GetCommandInvocation GetConnectionStatus \
    GetDefaultPatchBaseline GetDeployablePatchSnapshotForInstance GetDocument GetExecutionPreview GetInventory \
    GetInventorySchema GetMaintenanceWindow GetMaintenanceWindowExecution GetMaintenanceWindowExecutionTask \
    GetMaintenanceWindowExecutionTaskInvocation GetMaintenanceWindowTask GetOpsItem GetOpsMetadata GetOpsSummary \
    GetPatchBaseline GetPatchBaselineForPatchGroup GetResourcePolicies GetServiceSetting ListAssociationVersions \
    ListAssociations ListCloudConnectors ListCommandInvocations ListCommands ListComplianceItems \
    ListComplianceSummaries ListDocumentMetadataHistory ListDocumentVersions ListDocuments ListInventoryEntries \
    ListNodes ListNodesSummary ListOpsItemEvents ListOpsItemRelatedItems ListOpsMetadata \
    ListResourceComplianceSummaries ListResourceDataSync ModifyDocumentPermission PutComplianceItems PutInventory \
    PutResourcePolicy RegisterDefaultHostManagementConfiguration RegisterDefaultPatchBaseline \
    RegisterPatchBaselineForPatchGroup RegisterTargetWithMaintenanceWindow RegisterTaskWithMaintenanceWindow \
    ResetServiceSetting ResumeSession SendAutomationSignal SendCommand StartAccessRequest StartAssociationsOnce \
    StartAutomationExecution StartChangeRequestExecution StartExecutionPreview StartSession StopAutomationExecution \
    TerminateSession UpdateAssociation UpdateAssociationStatus UpdateCloudConnector UpdateDocument \
    UpdateDocumentDefaultVersion UpdateDocumentMetadata UpdateMaintenanceWindow UpdateMaintenanceWindowTarget \
    UpdateMaintenanceWindowTask UpdateManagedInstanceRole UpdateOpsItem UpdateOpsMetadata UpdatePatchBaseline \
    UpdateResourceDataSync UpdateServiceSetting ValidateCloudConnector";
