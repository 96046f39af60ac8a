//! IAM's types in a stack: made, changed in place, and deleted without a rest.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Capability, Stack};

use crate::helpers::accounts::Caller;
use crate::helpers::cloud::TestCloud;
use crate::helpers::stacks::rest;

/// `$document` is a policy.
const TEMPLATE: &str = r#"
Resources:
  Group:
    Type: AWS::IAM::Group
    Properties:
      GroupName: team
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/AmazonSQSFullAccess']
  User:
    Type: AWS::IAM::User
    Properties:
      UserName: ann
      Path: /first/
      Groups: [!Ref Group]
      LoginProfile: {Password: Long-enough-1, PasswordResetRequired: true}
      Policies: [{PolicyName: own, PolicyDocument: $document}]
      Tags: [{Key: team, Value: a}]
  Other: {Type: AWS::IAM::User, Properties: {UserName: bob}}
  Members:
    Type: AWS::IAM::UserToGroupAddition
    Properties: {GroupName: !Ref Group, Users: [!Ref Other]}
  Key:
    Type: AWS::IAM::AccessKey
    Properties: {UserName: !Ref User}
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: machine
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole']
      AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 'sts:AssumeRole', Principal: {Service: ec2.amazonaws.com}}]}
  Profile:
    Type: AWS::IAM::InstanceProfile
    Properties: {InstanceProfileName: machine, Roles: [!Ref Role]}
  Managed:
    Type: AWS::IAM::ManagedPolicy
    Properties: {ManagedPolicyName: managed, PolicyDocument: $document, Users: [!Ref User], Groups: [!Ref Group], Roles: [!Ref Role]}
  Policy:
    Type: AWS::IAM::Policy
    Properties: {PolicyName: inline, PolicyDocument: $document, Users: [!Ref User], Groups: [!Ref Group]}
  OfUser: {Type: AWS::IAM::UserPolicy, Properties: {PolicyName: of-user, UserName: !Ref User, PolicyDocument: $document}}
  OfGroup: {Type: AWS::IAM::GroupPolicy, Properties: {PolicyName: of-group, GroupName: !Ref Group, PolicyDocument: $document}}
  Linked: {Type: AWS::IAM::ServiceLinkedRole, Properties: {AWSServiceName: ecs.amazonaws.com, Description: one}}
  Provider:
    Type: AWS::IAM::OIDCProvider
    Properties: {Url: 'https://token.example.com/', ClientIdList: [a]}
Outputs:
  User: {Value: !GetAtt User.Arn}
  Key: {Value: !Ref Key}
  Secret: {Value: !GetAtt Key.SecretAccessKey}
  Profile: {Value: !GetAtt Profile.Arn}
  Version: {Value: !GetAtt Managed.DefaultVersionId}
  Linked: {Value: !Ref Linked}
  Provider: {Value: !Ref Provider}
"#;

fn output<'s>(stack: &'s Stack, name: &str) -> &'s str {
    let found = stack.outputs().iter().find(|output| output.output_key() == Some(name));
    found.unwrap_or_else(|| panic!("{name}: {stack:?}")).output_value().unwrap()
}

async fn deploy(client: &Client, template: &str, exists: bool) -> Stack {
    let named = Capability::CapabilityNamedIam;
    if exists {
        client.update_stack().stack_name("s").template_body(template).capabilities(named).send().await.unwrap();
    } else {
        client.create_stack().stack_name("s").template_body(template).capabilities(named).send().await.unwrap();
    }
    let stack = rest(client, "s").await;
    let status = stack.stack_status().unwrap().as_str();
    let wanted = if exists { "UPDATE_COMPLETE" } else { "CREATE_COMPLETE" };
    if status != wanted {
        let events = client.describe_stack_events().stack_name("s").send().await.unwrap();
        panic!(
            "{status}: {:?}",
            events.stack_events().iter().filter_map(|event| event.resource_status_reason()).collect::<Vec<_>>()
        );
    }
    stack
}

/// Templates with users, groups or instance profiles were refused.
#[tokio::test]
async fn identities_of_a_template_are_made_changed_and_deleted() {
    let cloud = TestCloud::start().await;
    let client = cloud.cloudformation();
    let root = Caller::new(&cloud, "000000000000");
    let document = "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: 's3:*', Resource: '*'}]}";
    let template = TEMPLATE.replace("$document", document);
    let made = deploy(&client, &template, false).await;
    assert_eq!(output(&made, "User"), "arn:aws:iam::000000000000:user/first/ann");
    assert_eq!(output(&made, "Profile"), "arn:aws:iam::000000000000:instance-profile/machine");
    assert_eq!(output(&made, "Provider"), "arn:aws:iam::000000000000:oidc-provider/token.example.com");
    assert_eq!((output(&made, "Linked"), output(&made, "Version")), ("AWSServiceRoleForECS", "v1"));
    assert_eq!(output(&made, "Secret").len(), 40);
    let key = output(&made, "Key").to_owned();
    let ann = Caller { account: &key, ..root };
    assert_eq!(ann.form("sts", "GetCallerIdentity", &[]).await.element("Arn"), output(&made, "User"));
    let names = async |action: &str, named: (&str, &str), element: &str| {
        let answer = root.form("iam", action, &[named]).await.ok();
        let opened = format!("<{element}>");
        let found = answer.split(&opened).skip(1).filter_map(|rest| Some(rest.split_once('<')?.0.to_owned()));
        let mut found: Vec<_> = found.collect();
        found.sort();
        found
    };
    let member = |text: &str| text.to_owned();
    assert_eq!(names("GetGroup", ("GroupName", "team"), "UserName").await, ["ann", "bob"].map(member));
    assert_eq!(
        names("ListUserPolicies", ("UserName", "ann"), "member").await,
        ["inline", "of-user", "own"].map(member)
    );
    assert_eq!(names("ListGroupPolicies", ("GroupName", "team"), "member").await, ["inline", "of-group"].map(member));
    let attached = names("ListAttachedGroupPolicies", ("GroupName", "team"), "PolicyName").await;
    assert_eq!(attached, ["AmazonSQSFullAccess", "managed"].map(member));

    // The ARN and the version that a change makes are what the outputs have.
    let changed = template
        .replace("/first/", "/second/")
        .replace("'s3:*'", "'s3:Get*'")
        .replace("Users: [!Ref Other]", "Users: []")
        .replace("ClientIdList: [a]", "ClientIdList: [b]")
        .replace("Description: one", "Description: two")
        .replace("{UserName: !Ref User}\n", "{UserName: !Ref User, Status: Inactive}\n");
    let stack = deploy(&client, &changed, true).await;
    assert_eq!(output(&stack, "User"), "arn:aws:iam::000000000000:user/second/ann");
    assert_eq!((output(&stack, "Version"), output(&stack, "Key")), ("v2", key.as_str()));
    assert_eq!(ann.form("sts", "GetCallerIdentity", &[]).await.code(), "InvalidClientTokenId");
    assert_eq!(names("GetGroup", ("GroupName", "team"), "UserName").await, ["ann"].map(member));
    let provider = ("OpenIDConnectProviderArn", output(&stack, "Provider"));
    assert_eq!(names("GetOpenIDConnectProvider", provider, "member").await, ["b"].map(member));

    // A policy has room for five versions: the oldest makes way.
    for number in 0..5 {
        deploy(&client, &changed.replace("'s3:Get*'", &format!("'s3:Put{number}'")), true).await;
    }
    // Another serial makes another key.
    let renewed = changed.replace("'s3:Get*'", "'s3:Put4'").replace("Status: Inactive", "Serial: 2");
    let stack = deploy(&client, &renewed, true).await;
    assert_ne!(output(&stack, "Key"), key);
    assert_eq!(names("ListAccessKeys", ("UserName", "ann"), "AccessKeyId").await, [output(&stack, "Key").to_owned()]);

    client.delete_stack().stack_name("s").send().await.unwrap();
    let gone = crate::helpers::cloud::eventually(async || {
        client.describe_stacks().stack_name("s").send().await.is_err().then_some(())
    });
    gone.await.expect("the stack is deleted");
    for action in ["ListUsers", "ListGroups", "ListRoles", "ListInstanceProfiles", "ListOpenIDConnectProviders"] {
        assert_eq!(names(action, ("MaxItems", "10"), "Arn").await, Vec::<String>::new(), "{action}");
    }
    assert_eq!(names("ListPolicies", ("Scope", "Local"), "Arn").await, Vec::<String>::new());
}
