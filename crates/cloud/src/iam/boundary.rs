//! Permissions boundaries of roles and users.

use serde::{Deserialize, Serialize};

use super::managed;
use super::members::{MAX_ARN, at_most, required};
use super::store::{Entity, NO_SUCH_ENTITY, change, reduce};
use crate::request::Context;
use engine::{Engine, Role, User};
use wire::AwsError;

/// What may have a boundary.
pub(super) trait Bounded: Entity {
    /// Its own of the names that a request may have: of a role, of a user.
    fn choose(role: Option<String>, user: Option<String>) -> Option<String>;

    fn boundary(&mut self) -> &mut Option<String>;
}

impl Bounded for Role {
    fn choose(role: Option<String>, _: Option<String>) -> Option<String> {
        role
    }

    fn boundary(&mut self) -> &mut Option<String> {
        &mut self.permissions_boundary
    }
}

impl Bounded for User {
    fn choose(_: Option<String>, user: Option<String>) -> Option<String> {
        user
    }

    fn boundary(&mut self) -> &mut Option<String> {
        &mut self.permissions_boundary
    }
}

/// A boundary as answers show it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BoundaryView {
    permissions_boundary_type: &'static str,
    permissions_boundary_arn: String,
}

pub(super) fn view(arn: Option<String>) -> Option<BoundaryView> {
    arn.map(|arn| BoundaryView { permissions_boundary_type: "Policy", permissions_boundary_arn: arn })
}

/// The boundary that a new role or user is to have.
pub(super) fn given(arn: Option<String>) -> Result<Option<String>, AwsError> {
    arn.map(|arn| at_most(Some(arn), "permissionsBoundary", MAX_ARN)).transpose()
}

/// Checks that a policy may be a boundary: one of the caller's account, or of AWS's.
///
/// # Errors
/// `NoSuchEntity`.
pub(super) fn check(engine: &Engine, cx: &Context, arn: &str) -> Result<(), AwsError> {
    if managed::is_of_aws(cx, arn) || managed::own(engine, cx, arn, "GetPolicy").is_ok() {
        return Ok(());
    }
    let message = format!("Scope ARN: {arn} does not exist or is not attachable.");
    Err(AwsError::new(404, NO_SUCH_ENTITY, message))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct BoundaryInput {
    role_name: Option<String>,
    user_name: Option<String>,
    permissions_boundary: Option<String>,
}

pub(super) async fn put<T: Bounded>(cx: &Context, input: BoundaryInput) -> Result<(), AwsError> {
    let name = required(T::choose(input.role_name, input.user_name), T::MEMBER)?;
    let arn = required(given(input.permissions_boundary)?, "permissionsBoundary")?;
    let bounded = change(cx, &name, |engine, bounded: &mut T| {
        bounded.check_change()?;
        check(engine, cx, &arn)?;
        *bounded.boundary() = Some(arn.clone());
        Ok(())
    })
    .await?;
    managed::tell_if_unknown(cx, bounded.arn(), &arn);
    Ok(())
}

pub(super) async fn delete<T: Bounded>(cx: &Context, input: BoundaryInput) -> Result<(), AwsError> {
    let name = required(T::choose(input.role_name, input.user_name), T::MEMBER)?;
    reduce(cx, &name, |_, bounded: &mut T| {
        bounded.check_change()?;
        *bounded.boundary() = None;
        Ok(())
    })
    .await?;
    Ok(())
}
