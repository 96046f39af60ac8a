//! Parameters, repositories and keys over HTTP and in stacks: made, changed, replaced and deleted with their stack, of one account
//! each, and there after a restart.

use serde_json::{Value, json};

use crate::helpers::accounts::{Caller, OWNER, STRANGER};
use crate::helpers::cloud::{TestCloud, eventually};

const ECR: &str = "AmazonEC2ContainerRegistry_V20150921";

/// All of it, with each property that has operations of its own.
const TEMPLATE: &str = r#"
Parameters:
  Mutability: {Type: String, Default: IMMUTABLE}
  Rotation: {Type: String, Default: "true"}
  Alias: {Type: String, Default: first}
  Value: {Type: String, Default: one}
Resources:
  Parameter:
    Type: AWS::SSM::Parameter
    Properties: {Name: /stack/p, Type: String, Value: !Ref Value, Tags: {team: data}}
  Repository:
    Type: AWS::ECR::Repository
    Properties:
      ImageTagMutability: !Ref Mutability
      ImageScanningConfiguration: {ScanOnPush: true}
      EncryptionConfiguration: {EncryptionType: KMS, KmsKey: !GetAtt Key.Arn}
      EmptyOnDelete: true
      LifecyclePolicy:
        LifecyclePolicyText: |
          {"rules": [{"rulePriority": 1, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan",
           "countNumber": 3}, "action": {"type": "expire"}}]}
      RepositoryPolicyText:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: ["ecr:BatchGetImage"]}]
      Tags: [{Key: team, Value: data}]
  Key:
    Type: AWS::KMS::Key
    Properties:
      Description: of a stack
      EnableKeyRotation: !Ref Rotation
      PendingWindowInDays: 7
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}, Action: "kms:*", Resource: "*"}
      Tags: [{Key: team, Value: data}]
  KeyAlias:
    Type: AWS::KMS::Alias
    Properties: {AliasName: !Sub "alias/${Alias}", TargetKeyId: !Ref Key}
Outputs:
  Repository: {Value: !Ref Repository}
  RepositoryArn: {Value: !GetAtt Repository.Arn}
  Uri: {Value: !GetAtt Repository.RepositoryUri}
  Key: {Value: !Ref Key}
  KeyArn: {Value: !GetAtt Key.Arn}
  KeyAlias: {Value: !Ref KeyAlias}
  ParameterArn: {Value: !GetAtt Parameter.Arn}
"#;

/// The stack's status and its answer, when it has come to rest.
async fn rest(owner: &Caller<'_>) -> (String, String) {
    let found = eventually(async || {
        let shown = owner.form("cloudformation", "DescribeStacks", &[("StackName", "s")]).await;
        let status = if shown.0 == 200 { shown.element("StackStatus") } else { "GONE".to_owned() };
        (!status.ends_with("_IN_PROGRESS")).then_some((status, shown.1))
    });
    found.await.expect("the stack comes to rest")
}

fn output(shown: &str, name: &str) -> String {
    let key = format!("<OutputKey>{name}</OutputKey>");
    let member = shown.split("<member>").find(|member| member.contains(&key)).unwrap();
    member.split_once("<OutputValue>").unwrap().1.split_once("</OutputValue>").unwrap().0.to_owned()
}

async fn asked(caller: &Caller<'_>, target: &str, input: Value) -> Value {
    serde_json::from_str(&caller.json(target, input).await.ok()).unwrap_or_default()
}

#[tokio::test]
async fn a_stack_makes_changes_and_deletes_parameters_repositories_and_keys() {
    let mut cloud = TestCloud::start().await;
    let owner = Caller::new(&cloud, OWNER);
    let stack = ("StackName", "s");
    owner.form("cloudformation", "CreateStack", &[stack, ("TemplateBody", TEMPLATE)]).await.ok();
    let (status, shown) = rest(&owner).await;
    assert_eq!(status, "CREATE_COMPLETE", "{shown}");
    let (name, key) = (output(&shown, "Repository"), output(&shown, "Key"));
    assert!(name.starts_with("s-repository-") && name == name.to_ascii_lowercase(), "{name}");
    assert_eq!(output(&shown, "Uri"), format!("{OWNER}.dkr.ecr.us-east-1.amazonaws.com/{name}"));
    assert_eq!(output(&shown, "RepositoryArn"), format!("arn:aws:ecr:us-east-1:{OWNER}:repository/{name}"));
    assert_eq!(output(&shown, "KeyArn"), format!("arn:aws:kms:us-east-1:{OWNER}:key/{key}"));
    assert_eq!(output(&shown, "KeyAlias"), "alias/first");
    assert_eq!(output(&shown, "ParameterArn"), format!("arn:aws:ssm:us-east-1:{OWNER}:parameter/stack/p"));
    let of_name = json!({"repositoryName": name});
    let policy = asked(&owner, &format!("{ECR}.GetRepositoryPolicy"), of_name.clone()).await;
    assert!(policy["policyText"].as_str().is_some_and(|text| text.contains("lambda.amazonaws.com")), "{policy}");
    let tags = asked(&owner, "TrentService.ListResourceTags", json!({"KeyId": key})).await;
    assert!(tags.to_string().contains("aws:cloudformation:stack-name"), "{tags}");

    let changed = [
        stack,
        ("UsePreviousTemplate", "true"),
        ("Parameters.member.1.ParameterKey", "Mutability"),
        ("Parameters.member.1.ParameterValue", "MUTABLE"),
        ("Parameters.member.2.ParameterKey", "Rotation"),
        ("Parameters.member.2.ParameterValue", "false"),
        ("Parameters.member.3.ParameterKey", "Alias"),
        ("Parameters.member.3.ParameterValue", "second"),
        ("Parameters.member.4.ParameterKey", "Value"),
        ("Parameters.member.4.ParameterValue", "two"),
    ];
    owner.form("cloudformation", "UpdateStack", &changed).await.ok();
    let (status, shown) = rest(&owner).await;
    assert_eq!((status.as_str(), output(&shown, "Key")), ("UPDATE_COMPLETE", key.clone()), "{shown}");
    cloud.restart().await;
    let owner = Caller::new(&cloud, OWNER);
    let repositories = asked(&owner, &format!("{ECR}.DescribeRepositories"), json!({"repositoryNames": [name]})).await;
    let repository = &repositories["repositories"][0];
    assert_eq!(repository["imageTagMutability"], "MUTABLE");
    assert_eq!(repository["encryptionConfiguration"]["kmsKey"], format!("arn:aws:kms:us-east-1:{OWNER}:key/{key}"));
    let rotation = asked(&owner, "TrentService.GetKeyRotationStatus", json!({"KeyId": key})).await;
    assert_eq!(rotation["KeyRotationEnabled"], false);
    let value = asked(&owner, "AmazonSSM.GetParameter", json!({"Name": "/stack/p"})).await;
    assert_eq!(value["Parameter"]["Value"], "two");
    let described = asked(&owner, "TrentService.DescribeKey", json!({"KeyId": "alias/second"})).await;
    assert_eq!(described["KeyMetadata"]["KeyId"], key);
    assert_eq!(
        owner.json("TrentService.DescribeKey", json!({"KeyId": "alias/first"})).await.code(),
        "NotFoundException"
    );

    owner.form("cloudformation", "DeleteStack", &[stack]).await.ok();
    assert_eq!(rest(&owner).await.0, "GONE");
    assert_eq!(owner.json("AmazonSSM.GetParameter", json!({"Name": "/stack/p"})).await.code(), "ParameterNotFound");
    let gone = owner.json(&format!("{ECR}.ListImages"), of_name).await;
    assert_eq!(gone.code(), "RepositoryNotFoundException");
    let described = asked(&owner, "TrentService.DescribeKey", json!({"KeyId": key})).await;
    assert_eq!(described["KeyMetadata"]["KeyState"], "PendingDeletion");
    // The server takes it away by itself.
    cloud.pass(7 * 86_400 + 2);
    let swept = eventually(async || {
        let left = cloud.inside().core.read(|engine, _| engine.docs("kms/key/", "").count());
        (left == 0).then_some(())
    });
    swept.await.expect("the key goes when its time is over");
}

/// What is absent is told from what nobody knows, and no account sees another's.
#[tokio::test]
async fn each_account_has_its_own_and_what_is_not_here_is_refused_by_name() {
    let cloud = TestCloud::start().await;
    let (owner, stranger) = (Caller::new(&cloud, OWNER), Caller::new(&cloud, STRANGER));
    let repository = asked(&owner, &format!("{ECR}.CreateRepository"), json!({"repositoryName": "app"})).await;
    let key = asked(&owner, "TrentService.CreateKey", json!({})).await["KeyMetadata"].take();
    let alias = json!({"AliasName": "alias/app", "TargetKeyId": key["KeyId"]});
    asked(&owner, "TrentService.CreateAlias", alias).await;
    let named = json!({"registryId": OWNER, "repositoryName": "app", "repositoryNames": ["app"]});
    let arn = json!({"resourceArn": repository["repository"]["repositoryArn"], "tags": [], "tagKeys": ["k"]});
    for (operation, input) in [
        ("DescribeRepositories", &named),
        ("DeleteRepository", &named),
        ("GetLifecyclePolicy", &named),
        ("DeleteRepositoryPolicy", &named),
        ("DescribeImages", &named),
        ("TagResource", &arn),
        ("UntagResource", &arn),
        ("ListTagsForResource", &arn),
    ] {
        let answer = stranger.json(&format!("{ECR}.{operation}"), input.clone()).await;
        assert_eq!((answer.0, answer.code()), (400, "AccessDeniedException"), "{operation}: {}", answer.1);
    }
    for operation in ["DescribeKey", "DisableKey", "ScheduleKeyDeletion", "GetKeyPolicy", "ListResourceTags"] {
        let target = format!("TrentService.{operation}");
        let answer = stranger.json(&target, json!({"KeyId": key["Arn"]})).await;
        assert_eq!((answer.0, answer.code()), (400, "AccessDeniedException"), "{operation}: {}", answer.1);
        let answer = stranger.json(&target, json!({"KeyId": key["KeyId"]})).await;
        assert_eq!(answer.code(), "NotFoundException", "{operation}: {}", answer.1);
    }
    let theirs = stranger.json("TrentService.DeleteAlias", json!({"AliasName": "alias/app"})).await;
    assert_eq!(theirs.code(), "NotFoundException");
    for (target, words) in [
        (
            "TrentService.Encrypt",
            "Encrypt is an operation of Key Management Service that this cloud does not simulate.",
        ),
        (
            &*format!("{ECR}.GetAuthorizationToken"),
            "GetAuthorizationToken is an operation of Elastic Container Registry that this cloud does not simulate.",
        ),
    ] {
        let answer = owner.json(target, json!({})).await;
        assert_eq!((answer.0, answer.code()), (501, "NotImplemented"));
        assert!(answer.1.contains(words), "{}", answer.1);
    }
    let unknown = owner.json("TrentService.MakeCoffee", json!({})).await;
    assert_ne!(unknown.code(), "NotImplemented");
    for body in [json!([]), json!({"KeyId": 1}), json!({"KeyId": {"a": []}}), json!({"KeyId": "\u{0}\u{1b}[2J"})] {
        let answer = owner.json("TrentService.DescribeKey", body.clone()).await;
        assert!((400..500).contains(&answer.0), "{body}: {} {}", answer.0, answer.1);
    }
    asked(&owner, "TrentService.DescribeKey", json!({"KeyId": "alias/app"})).await;
}

/// What can't be made fails with the service's own words, and the stack is as if nothing had been.
#[tokio::test]
async fn a_stack_with_what_no_service_takes_rolls_back() {
    let cloud = TestCloud::start().await;
    let owner = Caller::new(&cloud, OWNER);
    for (number, (kind, properties, words)) in [
        ("AWS::ECR::Repository", json!({"RepositoryName": "No-Such"}), "must satisfy regular expression"),
        (
            "AWS::ECR::Repository",
            json!({"LifecyclePolicy": {"LifecyclePolicyText": "x".repeat(100)}}),
            "Lifecycle policy validation failure",
        ),
        ("AWS::ECR::Repository", json!({"ImageTagMutability": "SOMETIMES"}), "must satisfy enum value set"),
        ("AWS::KMS::Key", json!({"KeyPolicy": {}}), "MalformedPolicyDocumentException"),
        ("AWS::KMS::Key", json!({"Origin": "EXTERNAL"}), "The origin EXTERNAL is not supported by this cloud."),
        ("AWS::KMS::Key", json!({"EnableKeyRotation": true, "RotationPeriodInDays": 1}), "rotationPeriodInDays"),
        ("AWS::KMS::Alias", json!({"AliasName": "no-alias", "TargetKeyId": "x"}), "Invalid identifier"),
        ("AWS::KMS::Alias", json!({"AliasName": "alias/a", "TargetKeyId": "x"}), "Invalid keyId 'x'"),
        ("AWS::SSM::Parameter", json!({"Name": "a b", "Type": "String", "Value": "v"}), "Parameter name"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("s{number}");
        let template = json!({"Resources": {"R": {"Type": kind, "Properties": properties}}}).to_string();
        let created = [("StackName", name.as_str()), ("TemplateBody", &template)];
        owner.form("cloudformation", "CreateStack", &created).await.ok();
        let ended = eventually(async || {
            let shown = owner.form("cloudformation", "DescribeStacks", &[("StackName", &name)]).await.ok();
            (!shown.contains("_IN_PROGRESS</StackStatus>")).then_some(shown)
        });
        let ended = ended.await.expect("the stack comes to rest");
        assert!(ended.contains("<StackStatus>ROLLBACK_COMPLETE<"), "{kind} {properties}: {ended}");
        let events = owner.form("cloudformation", "DescribeStackEvents", &[("StackName", &name)]).await.ok();
        assert!(events.replace("&apos;", "'").contains(words), "{kind} {properties}: {events}");
    }
    let left = asked(&owner, &format!("{ECR}.DescribeRepositories"), json!({})).await;
    assert_eq!(left["repositories"], json!([]));
}
