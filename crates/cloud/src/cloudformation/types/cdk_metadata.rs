//! `AWS::CDK::Metadata`: what an app of the CDK says of itself. AWS keeps it with the stack and does nothing else with it.

use async_trait::async_trait;

use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, json as any};
use super::work::{Created, ResourceResult, Work};

const FIELDS: &[Field] = &[any("Analytics"), any("Modules")];

static SCHEMA: Schema =
    Schema { type_name: "AWS::CDK::Metadata", fields: FIELDS, absent: &[], attributes: &[], identifiers: &["Id"] };

/// `AWS::CDK::Metadata`.
pub(super) struct CdkMetadata;

#[async_trait]
impl ResourceType for CdkMetadata {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn choose_name(&self, work: &Work<'_>, _properties: &Properties) -> String {
        work.generated.within(128)
    }

    async fn create(&self, _work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<Created> {
        Ok(Created::new(name, []))
    }

    async fn update(&self, _work: &Work<'_>, _id: &str, _old: &Properties, _new: &Properties) -> ResourceResult<()> {
        Ok(())
    }

    async fn delete(&self, _work: &Work<'_>, _id: &str, _properties: &Properties) -> ResourceResult<()> {
        Ok(())
    }
}
