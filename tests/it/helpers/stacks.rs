//! Stacks as tests use them.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::Stack;

use super::cloud::eventually;

/// The stack when it has come to rest.
pub(crate) async fn rest(client: &Client, stack: &str) -> Stack {
    let rest = eventually(async || {
        let described = client.describe_stacks().stack_name(stack).send().await.unwrap();
        let stack = described.stacks.unwrap().remove(0);
        (!stack.stack_status().unwrap().as_str().ends_with("_IN_PROGRESS")).then_some(stack)
    });
    rest.await.expect("the stack comes to rest")
}
