//! A change set: made, shown, executed or thrown away.

use aws_sdk_cloudformation::operation::describe_change_set::builders::DescribeChangeSetFluentBuilder;
use aws_sdk_cloudformation::types::{Capability, ChangeSetStatus, ChangeSetType, Parameter, ResourceChange};
use tokio::time::sleep;

use super::{Deployer, Template, changes, validation};
use crate::aws::CallError;
use crate::clock;
use crate::exit::{Exit, Failure};
use crate::stack::Stack;

/// What CloudFormation thinks of a template.
pub(super) enum Prepared {
    NoChanges,
    Ready(ChangeSet),
}

/// A change set that can be executed.
pub(super) struct ChangeSet {
    pub stack_id: String,
    /// Of a stack that doesn't exist yet.
    pub creates: bool,
    pub id: String,
    changes: Vec<ResourceChange>,
}

/// Makes a change set of a template and parameters, and waits until it is ready.
pub(super) async fn prepare(
    deployer: &Deployer<'_>,
    existing: Option<&Stack>,
    template: &Template,
    parameters: Vec<Parameter>,
) -> Result<Prepared, Failure> {
    let client = deployer.target.cloudformation();
    let cant = |error: CallError| {
        let failure = error.failure(deployer.target, &format!("deploy {}", template.name));
        match validation::resources_of(&error.message, template)
            .or_else(|| validation::parameters_of(&error.message, template))
        {
            Some(meant) => failure.help(meant),
            None => failure,
        }
    };
    let created = client
        .create_change_set()
        .stack_name(deployer.stack)
        .change_set_name(format!("messaging-{}", clock::now().as_millisecond()))
        .change_set_type(if existing.is_some() { ChangeSetType::Update } else { ChangeSetType::Create })
        .template_body(&template.text)
        .set_parameters(Some(parameters))
        .capabilities(Capability::CapabilityNamedIam)
        .capabilities(Capability::CapabilityAutoExpand)
        .send()
        .await
        .map_err(CallError::from);
    let answer = match created {
        Ok(answer) => answer,
        Err(error) if no_changes(&error.message) => return Ok(Prepared::NoChanges),
        Err(error) => return Err(cant(error)),
    };
    let mut change_set = ChangeSet {
        stack_id: answer.stack_id().unwrap_or(deployer.stack).to_owned(),
        creates: existing.is_none(),
        id: answer.id().unwrap_or_default().to_owned(),
        changes: Vec::new(),
    };
    loop {
        let answer = change_set.describe(deployer).send().await.map_err(|error| cant(error.into()))?;
        match answer.status() {
            Some(ChangeSetStatus::Failed) => {
                let reason = answer.status_reason().unwrap_or("CloudFormation gives no reason").to_owned();
                let nothing = no_changes(&reason);
                let failures = if nothing { Vec::new() } else { validation::failures(deployer, &change_set.id).await };
                change_set.discard(deployer).await?;
                if nothing {
                    return Ok(Prepared::NoChanges);
                }
                let meant = validation::resources_of(&reason, template).filter(|_| failures.is_empty());
                let why = [vec![reason], failures].concat().join("\n");
                let help = meant.or_else(|| validation::taken(&why).map(str::to_owned));
                let failure = Failure::new(format!("Can't deploy {}", template.name)).why(why);
                return Err(match help {
                    Some(help) => failure.help(help),
                    None => failure,
                });
            }
            Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress) => {
                tokio::select! {
                    biased;
                    () = sleep(deployer.pause()) => {}
                    () = deployer.stop.requested() => {
                        change_set.discard(deployer).await?;
                        return Err(Failure::new("Stopped: nothing was changed").exit(Exit::Interrupted));
                    }
                }
            }
            _ => {
                let mut token = answer.next_token().map(str::to_owned);
                change_set.add(answer.changes.unwrap_or_default());
                while let Some(next) = token {
                    deployer.stop.check()?;
                    let page = change_set.describe(deployer).next_token(next).send().await;
                    let page = page.map_err(|error| cant(error.into()))?;
                    token = page.next_token().map(str::to_owned);
                    change_set.add(page.changes.unwrap_or_default());
                }
                return Ok(Prepared::Ready(change_set));
            }
        }
    }
}

/// CloudFormation has no status for it, only words; `aws cloudformation deploy` goes by the same.
fn no_changes(reason: &str) -> bool {
    ["didn't contain changes", "No updates are to be performed"].iter().any(|words| reason.contains(words))
}

/// The parameters that were given, and the stack's own values for the others: what `aws cloudformation deploy` does.
/// Without a stack the template's defaults count.
pub(super) fn merge_parameters(
    existing: Option<&Stack>,
    template: &Template,
    given: &[(String, String)],
) -> Vec<Parameter> {
    let mut parameters: Vec<Parameter> = Vec::new();
    for (n, (key, value)) in given.iter().enumerate() {
        // The last one given counts.
        if !given[n + 1..].iter().any(|(later, _)| later == key) {
            parameters.push(Parameter::builder().parameter_key(key).parameter_value(value).build());
        }
    }
    if let Some(stack) = existing {
        let declared = template.names("Parameters");
        let kept =
            stack.parameters.keys().filter(|key| declared.contains(key) && !given.iter().any(|(g, _)| g == *key));
        parameters.extend(kept.map(|key| Parameter::builder().parameter_key(key).use_previous_value(true).build()));
    }
    parameters
}

impl ChangeSet {
    /// A request for what it would do, with the values of properties before and after.
    fn describe(&self, deployer: &Deployer<'_>) -> DescribeChangeSetFluentBuilder {
        let request = deployer.target.cloudformation().describe_change_set().include_property_values(true);
        request.change_set_name(&self.id).stack_name(deployer.stack)
    }

    fn add(&mut self, changes: Vec<aws_sdk_cloudformation::types::Change>) {
        self.changes.extend(changes.into_iter().filter_map(|change| change.resource_change));
    }

    /// Starts it; one that can't be started is thrown away.
    pub(super) async fn execute(&self, deployer: &Deployer<'_>) -> Result<(), Failure> {
        let client = deployer.target.cloudformation();
        let request = client.execute_change_set().change_set_name(&self.id).stack_name(deployer.stack);
        let Err(error) = request.send().await else { return Ok(()) };
        // The reason why it didn't start is what the user must hear, whatever happens to the rest.
        let _ = self.discard(deployer).await;
        Err(CallError::from(error).failure(deployer.target, "execute the change set"))
    }

    /// Throws it away, and the empty stack that CloudFormation made to hold it.
    pub(super) async fn discard(&self, deployer: &Deployer<'_>) -> Result<(), Failure> {
        let client = deployer.target.cloudformation();
        let cant = |error: CallError| error.failure(deployer.target, "delete the change set");
        let request = client.delete_change_set().change_set_name(&self.id).stack_name(deployer.stack);
        request.send().await.map_err(|error| cant(error.into()))?;
        if self.creates {
            let request = client.delete_stack().stack_name(&self.stack_id);
            request.send().await.map_err(|error| cant(error.into()))?;
        }
        Ok(())
    }

    /// What it would do, in lines.
    pub(super) fn lines(&self) -> Vec<String> {
        changes::lines(&self.changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_arent_given_stay() {
        let template = Template::new("Parameters: {A: {}, B: {}, New: {}}", "t");
        let stack = Stack {
            id: String::new(),
            status: String::new(),
            reason: None,
            outputs: Default::default(),
            parameters: ["A", "B", "Gone"].map(|key| (key.to_owned(), "0".to_owned())).into(),
            protected: false,
        };
        let given = [("A".to_owned(), "1".to_owned()), ("A".to_owned(), "2".to_owned())];
        let parameters = merge_parameters(Some(&stack), &template, &given);
        let shown: Vec<_> = parameters
            .iter()
            .map(|p| (p.parameter_key().unwrap(), p.parameter_value(), p.use_previous_value()))
            .collect();
        assert_eq!(shown, [("A", Some("2"), None), ("B", None, Some(true))]);
    }
}
