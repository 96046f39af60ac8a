//! Operations of STS that this cloud doesn't have: there are no federated identities, organizations or users here.

use serde::Deserialize;

use crate::cloud::gateway::Context;
use crate::cloud::wire::AwsError;

#[derive(Deserialize)]
pub struct Anything {}

macro_rules! absent {
    ($($name:ident: $operation:literal;)*) => {$(
        pub async fn $name(_: &Context, _: Anything) -> Result<(), AwsError> {
            Err(AwsError::new(501, "NotImplemented", concat!($operation, " is not simulated here.")))
        }
    )*};
}

absent! {
    assume_role_with_saml: "AssumeRoleWithSAML";
    assume_role_with_web_identity: "AssumeRoleWithWebIdentity";
    assume_root: "AssumeRoot";
    decode_authorization_message: "DecodeAuthorizationMessage";
    get_delegated_access_token: "GetDelegatedAccessToken";
    get_federation_token: "GetFederationToken";
    get_web_identity_token: "GetWebIdentityToken";
}
