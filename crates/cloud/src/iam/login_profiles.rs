//! Passwords of users: that there is one. Nobody signs in here, so the password itself isn't kept.

use serde::{Deserialize, Serialize};

use super::members::required;
use super::store::{Entity, NO_SUCH_ENTITY, change, reduce};
use super::users::meant;
use crate::request::Context;
use engine::{Login, User};
use wire::{AwsError, Timestamp};

/// "Default password policy" (IAM User Guide): 8 to 128 characters.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=128;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct LoginInput {
    user_name: Option<String>,
    password: Option<String>,
    password_reset_required: Option<bool>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LoginOutput {
    login_profile: LoginView,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct LoginView {
    user_name: String,
    create_date: Timestamp,
    password_reset_required: bool,
}

fn output(name: String, login: &Login) -> LoginOutput {
    let (create_date, password_reset_required) = (Timestamp(login.created), login.reset);
    LoginOutput { login_profile: LoginView { user_name: name, create_date, password_reset_required } }
}

fn absent(name: &str) -> AwsError {
    AwsError::new(404, NO_SUCH_ENTITY, format!("Login Profile for User {name} cannot be found."))
}

/// "Default password policy": three of the four kinds of characters.
fn check_password(password: &str) -> Result<(), AwsError> {
    let has = |is: fn(char) -> bool| usize::from(password.chars().any(is));
    let kinds = has(|c| c.is_uppercase())
        + has(|c| c.is_lowercase())
        + has(|c| c.is_ascii_digit())
        + has(|c| !c.is_alphanumeric());
    if LENGTH.contains(&password.chars().count()) && kinds >= 3 {
        return Ok(());
    }
    let message = "Password does not conform to the account password policy.";
    Err(AwsError::bad("PasswordPolicyViolation", message))
}

/// The user's name: an account's root has no login profile.
fn user(cx: &Context, name: Option<String>) -> Result<String, AwsError> {
    meant(cx, name)?.ok_or_else(|| absent("root"))
}

pub(super) async fn create(cx: &Context, input: LoginInput) -> Result<LoginOutput, AwsError> {
    let name = user(cx, input.user_name)?;
    check_password(&required(input.password, "password")?)?;
    let login = Login { created: cx.cloud.core.now(), reset: input.password_reset_required == Some(true) };
    change(cx, &name, |_, user: &mut User| {
        if user.login.is_some() {
            let message = format!("Login Profile for user {} already exists.", user.name());
            return Err(AwsError::new(409, "EntityAlreadyExists", message));
        }
        user.login = Some(login.clone());
        Ok(())
    })
    .await?;
    Ok(output(name, &login))
}

pub(super) async fn get(cx: &Context, input: LoginInput) -> Result<LoginOutput, AwsError> {
    let name = user(cx, input.user_name)?;
    let user = cx.cloud.core.read(|engine, _| User::find(engine, cx, &name))?;
    let login = user.login.ok_or_else(|| absent(&name))?;
    Ok(output(name, &login))
}

pub(super) async fn update(cx: &Context, input: LoginInput) -> Result<(), AwsError> {
    let name = user(cx, input.user_name)?;
    input.password.as_deref().map_or(Ok(()), check_password)?;
    change(cx, &name, |_, user: &mut User| {
        let login = user.login.as_mut().ok_or_else(|| absent(&name))?;
        login.reset = input.password_reset_required.unwrap_or(login.reset);
        Ok(())
    })
    .await?;
    Ok(())
}

pub(super) async fn delete(cx: &Context, input: LoginInput) -> Result<(), AwsError> {
    let name = user(cx, input.user_name)?;
    reduce(cx, &name, |_, user: &mut User| user.login.take().map(drop).ok_or_else(|| absent(&name))).await?;
    Ok(())
}
