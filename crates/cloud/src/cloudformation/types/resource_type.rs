//! What a resource type does: it names, creates, updates and deletes the resources of a stack.

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::schema::{Conformed, Properties, Schema};
use super::work::{Created, ResourceResult, Work};

/// A resource type, such as `AWS::SQS::Queue`.
///
/// A resource is created in three steps, each of which is in the log before the next begins: [`Self::choose_name`],
/// [`Self::check_name_is_free`], [`Self::create`]. What has the name after a restart is therefore the stack's own.
#[async_trait]
pub(crate) trait ResourceType: Send + Sync {
    /// What a template may say of its resources.
    fn schema(&self) -> &'static Schema;

    /// Whether `Fn::GetAtt` can give an attribute.
    fn has_attribute(&self, attribute: &str) -> bool {
        self.schema().has_attribute(attribute)
    }

    /// Brings properties into their shapes: see [`Schema::conform`]. With `leave_out` what would be refused by name is left
    /// out instead.
    ///
    /// # Errors
    /// Which property is wrong, and how.
    fn conform(&self, properties: &Properties, leave_out: bool) -> Result<Conformed, String> {
        self.schema().conform(properties, leave_out)
    }

    /// What a resource with these properties, which only stands in the place of AWS's, doesn't do; nothing if it is simulated.
    fn stands_in(&self, _properties: &Properties) -> Option<String> {
        None
    }

    /// The name of a new resource: the template's, else a generated one. Empty if resources of this type have none.
    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String;

    /// The physical id of what [`Self::create`] creates under a name.
    fn physical_id(&self, _work: &Work<'_>, name: &str, _properties: &Properties) -> String {
        name.to_owned()
    }

    /// Fails if another resource has the name. Types whose resources have no name of their own need no check.
    async fn check_name_is_free(&self, _work: &Work<'_>, _name: &str, _properties: &Properties) -> ResourceResult<()> {
        Ok(())
    }

    /// Creates a resource under a name that is the stack's, or goes on with it after a restart.
    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created>;

    /// Changes a resource in place, from the old properties to the new.
    async fn update(&self, work: &Work<'_>, id: &str, old: &Properties, new: &Properties) -> ResourceResult<()>;

    /// What `Fn::GetAtt` gives of a resource that was just changed in place, where a change may change that.
    async fn refreshed(
        &self,
        _work: &Work<'_>,
        _id: &str,
        _properties: &Properties,
    ) -> ResourceResult<Map<String, Value>> {
        Ok(Map::new())
    }

    /// Deletes a resource; one that is gone already is as good as deleted.
    async fn delete(&self, work: &Work<'_>, id: &str, properties: &Properties) -> ResourceResult<()>;
}
